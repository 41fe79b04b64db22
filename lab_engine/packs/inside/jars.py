"""Jars by a lock, from this machine's Maven mirror or else Maven's own default repository.

Not by Maven itself: it would bring a JRE into the build, takes no proxy from the environment, and
looks for certificates in a store of Java's own.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any, Final

from lab_engine.common import jars
from lab_engine.packs.inside.common import (
    CACHE,
    OUT,
    RECIPE,
    Component,
    bill_of,
    fail,
    keep,
    run,
    say,
    unpack,
)

STORE: Final = CACHE / "jars"
"""By SHA-256: what two packs need is downloaded once."""
SECONDS: Final = 120
TRIES: Final = 3
MODEL: Final = ("libmaven3-core-java", "usr/share/java/maven3-model-builder.jar")
"""Debian's package, and the file in it, with the model that every project inherits from."""


def key(part: dict[str, Any]) -> str:
    digest = hashlib.sha256((RECIPE / part["lock"]).read_bytes() + part["into"].encode())
    return f"maven-{digest.hexdigest()[:16]}"


def missing(pack: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for part in pack["maven"] if not (OUT / key(part) / "bill.json").exists()]


def fetch(part: dict[str, Any], mirror: str) -> None:
    """Download the jars of a lock, and keep them as one folder. Each is as its SHA-256 says."""
    wanted = jars.read((RECIPE / part["lock"]).read_text())
    say(f"downloading {len(wanted)} jars of {part['lock']}")
    STORE.mkdir(exist_ok=True)
    repository = mirror or _default()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / Path(part["into"]).name
        place.mkdir(mode=0o755)
        bill: list[Component] = []
        for jar in wanted:
            kept = STORE / jar.sha256
            if not kept.exists():
                _download(f"{repository.rstrip('/')}/{jar.path}", jar, kept)
            shutil.copyfile(kept, place / jar.file)
            bill.append(
                {
                    "type": "library",
                    "name": f"{jar.group}:{jar.artifact}",
                    "version": jar.version,
                    "licence": _licence(kept),
                    "purl": jar.purl,
                    "sha256": jar.sha256,
                }
            )
        keep(key(part), {"jars": place}, bill)
    for jar in wanted:
        (STORE / jar.sha256).unlink(missing_ok=True)


def _download(url: str, jar: jars.Jar, target: Path) -> None:
    fresh = target.with_suffix(".new")
    for attempt in range(1, TRIES + 1):
        digest = hashlib.sha256()
        try:
            with (
                urllib.request.urlopen(url, timeout=SECONDS) as answer,  # noqa: S310 - https
                fresh.open("wb") as file,
            ):
                while block := answer.read(1 << 20):
                    digest.update(block)
                    file.write(block)
            break
        except urllib.error.HTTPError as error:
            fail(f"{jar.path}: the Maven repository answers {error.code} {error.reason}")
        except OSError as error:
            if attempt == TRIES:
                fail(f"{jar.path} cannot be downloaded: {error}")
    if digest.hexdigest() != jar.sha256:
        fresh.unlink()
        fail(f"{jar.path} has the SHA-256 {digest.hexdigest()}, and the lock says {jar.sha256}")
    fresh.rename(target)


def _default() -> str:
    """The repository that Maven uses when nothing is set, as Debian's Maven has it.

    It is the first of the super POM (maven.apache.org/ref, maven-model-builder).
    """
    package, inside = MODEL
    with tempfile.TemporaryDirectory() as folder:
        run(["apt-get", "-q", "download", package], cwd=folder)
        archive = next(Path(folder).glob("*.deb"))
        subprocess.run(["dpkg-deb", "-x", str(archive), folder], check=True)
        # A link to the jar with its version.
        with zipfile.ZipFile((Path(folder) / inside).resolve()) as jar:
            model = next(name for name in jar.namelist() if name.endswith("/pom-4.0.0.xml"))
            text = jar.read(model).decode()
    found = re.search(r"<repository>.*?<url>\s*(\S+?)\s*</url>", text, re.DOTALL)
    if found is None:
        fail(f"{inside} of {package} names no repository")
    return found[1]


def _licence(path: Path) -> str:
    """What a jar says of its licence: in its manifest (OSGi), or in the model that it carries."""
    if not zipfile.is_zipfile(path):
        return ""
    with zipfile.ZipFile(path) as jar:
        names = set(jar.namelist())
        if "META-INF/MANIFEST.MF" in names:
            # A long line goes on after a line break and a space (the JAR specification).
            text = jar.read("META-INF/MANIFEST.MF").decode(errors="replace")
            lines = re.sub(r"\r?\n ", "", text).splitlines()
            for line in lines:
                if line.startswith("Bundle-License: "):
                    return line.partition(": ")[2].strip()[:120]
        for name in sorted(names):
            if re.fullmatch(r"META-INF/maven/[^/]+/[^/]+/pom\.xml", name):
                model = jar.read(name).decode(errors="replace")
                found = re.search(r"<license>.*?<name>\s*(.*?)\s*</name>", model, re.DOTALL)
                if found:
                    return found[1][:120]
    return ""


def lay(part: dict[str, Any]) -> list[Component]:
    """Put the jars where the recipe wants them; returns what they are."""
    unpack(key(part), "jars", Path(part["into"]).parent)
    return bill_of(key(part))
