"""What a build is handed of this machine's own settings: how it reaches the package registries.

They are for the build alone and come to it on a volume, so that they are in no image.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import msgspec

from lab_engine import settings as settings_module
from lab_engine.bench import recipe, surroundings

GO: Final = ("GOPROXY", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOFLAGS", "GOINSECURE")
PROXIES: Final = tuple(
    name
    for word in ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
    for name in (word, word.upper())
)
PIP: Final = (
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_PROXY", "PIP_DEFAULT_TIMEOUT",
    "PIP_TIMEOUT", "PIP_RETRIES",
)  # fmt: skip
"""pip's settings that mean something on another machine; paths of files do not."""
NPM: Final = ("registry", "proxy", "https-proxy", "noproxy", "strict-ssl", "fetch-timeout")
"""npm's settings of the same kind."""
MAVEN: Final = (
    "~/.m2/settings.xml",
    "/etc/maven/settings.xml",
    "/usr/share/maven/conf/settings.xml",
)
"""The user's come before the machine's (maven.apache.org/settings.html)."""
SYSTEM: Final = Path("/etc/ssl/certs/ca-certificates.crt")


class Handed(msgspec.Struct, frozen=True):
    """`env` for all programs, apt's settings, certificates in PEM or "", mirrors or "".

    `mirror` is Debian's, `maven` that of Maven's default repository.
    """

    env: dict[str, str]
    apt: tuple[str, ...]
    mirror: str
    maven: str
    certificates: str


def handed() -> Handed:
    """Read the settings. Raises nothing: what cannot be read is left out."""
    env = {name: os.environ[name] for name in PROXIES if name in os.environ}
    env |= _pip() | _go(os.environ) | _npm(os.environ)
    return Handed(
        env,
        tuple(recipe.apt_options()),
        settings_module.load().mirror or recipe.host_mirror(),
        maven_mirror(Path(one).expanduser() for one in MAVEN),
        _certificates(),
    )


def _pip() -> dict[str, str]:
    """Pip's settings about where packages come from, from its files and the environment."""
    found = {name: os.environ[name] for name in PIP if name in os.environ}
    for line in _said("python3", "-m", "pip", "config", "list").splitlines():
        # `global.index-url='https://…'`; `:env:` is the environment, which is there already.
        key, _, value = line.partition("=")
        name = "PIP_" + key.rpartition(".")[2].upper().replace("-", "_")
        if name in PIP:
            found.setdefault(name, value.strip("'\""))
    return found


def _go(environ: Mapping[str, str]) -> dict[str, str]:
    found = {name: environ[name] for name in GO if name in environ}
    if shutil.which("go"):
        # `go env -w` writes to a file of Go's own (go help env).
        lines = _said("go", "env", *GO).splitlines()
        found |= {
            name: value for name, value in zip(GO, lines, strict=False) if value and name in GO
        }
    return found


def _npm(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings of npm, as it finds them itself: in its files, and in the environment."""
    names = {f"npm_config_{name.replace('-', '_')}": name for name in NPM}
    found = {name: environ[name] for name in names if name in environ}
    if shutil.which("npm"):
        said = npm_settings(_said("npm", "config", "list", "--json"))
        found |= {name: said[word] for name, word in names.items() if word in said}
    return found


def npm_settings(text: str) -> dict[str, str]:
    """The settings in the JSON of `npm config list --json`, as npm reads them in variables.

    What is not set is left out; `[""]` is how npm says it of a list (docs.npmjs.com, config).
    """
    try:
        said = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
    found = {}
    for name, value in said.items():
        words = [str(one) for one in (value if isinstance(value, list) else [value]) if one]
        if isinstance(value, bool):
            words = ["true" if value else "false"]
        if words:
            found[name] = ",".join(words)
    return found


def maven_mirror(files: Iterable[Path]) -> str:
    """The URL of the mirror of Maven's default repository (`central`) in its settings, or "".

    The first mirror that matches counts (maven.apache.org/guides/mini/guide-mirror-settings.html).
    """
    for path in files:
        try:
            root = ElementTree.fromstring(path.read_bytes())  # noqa: S314 - the user's own
        except (OSError, ElementTree.ParseError):
            continue
        # Some write the namespace, some do not.
        for mirror in root.iterfind("{*}mirrors/{*}mirror"):
            words = (mirror.findtext("{*}mirrorOf") or "").replace(" ", "").split(",")
            blocked = (mirror.findtext("{*}blocked") or "").strip() == "true"
            matches = {"*", "central", "external:*"} & set(words) and "!central" not in words
            if matches and not blocked:
                return (mirror.findtext("{*}url") or "").strip()
    return ""


def _said(*argv: str) -> str:
    try:
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=30, check=False,
            env=surroundings.without_habits(os.environ),
        ).stdout  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""


def _certificates() -> str:
    """The authorities that this machine trusts: a proxy may have one of its own."""
    for path in (os.environ.get("SSL_CERT_FILE", ""), os.environ.get("PIP_CERT", ""), str(SYSTEM)):
        if path and Path(path).is_file():
            try:
                return Path(path).read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
    return ""
