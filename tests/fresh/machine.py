"""Machines that have never seen the project: a distribution's smallest root in a container.

The container has what a bench may do, so that Docker can run in it; it has no systemd. What this
machine needs to reach packages (apt's way there, certificates, proxies) is taken along.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from benchmarks import place
from lab_engine import settings
from lab_engine.bench import engine, walls

ROOT: Final = Path(__file__).parents[2]
CLONE: Final = "/home/ada/infralab"
"""Where the clone lies in the machine; it belongs to the user `ada`, who may use sudo."""
LABEL: Final = "infralab.fresh=machine"
CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
KEYRINGS: Final = {"noble": Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg")}
"""What mmdebstrap needs for a distribution that is not this machine's."""
ROOT_SECONDS: Final = 900
_VARIABLES: Final = (
    "PIP_CERT", "PIP_DEFAULT_TIMEOUT", "PIP_INDEX_URL", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE",
    "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
ENTRYPOINT: Final = ROOT / "lab_engine/bench/rootfs/usr/lib/infralab/entrypoint"
_CGROUPS: Final = re.compile(r"^prepare_cgroups\(\) \{$.*?^\}$", re.MULTILINE | re.DOTALL)
_PREPARE: Final = f"""
useradd --create-home --shell /bin/bash ada
echo 'ada ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ada
tar -x -C / -f -
chown -R ada: {CLONE}
"""


@dataclass(frozen=True)
class Ended:
    """A command's end: exit code, and both outputs as they came."""

    code: int
    text: str


class Machine:
    """One such machine, while it runs."""

    def __init__(self, container: str) -> None:
        self.container = container

    def run(
        self, *argv: str, user: str = "root", seconds: float = 60, stdin: bytes = b"",
        variables: Mapping[str, str] | None = None,
    ) -> Ended:  # fmt: skip
        """Run a command in the clone."""
        home = "/root" if user == "root" else f"/home/{user}"
        given = {"HOME": home, "USER": user, **_package_variables(), **(variables or {})}
        flags = [word for name, value in given.items() for word in ("--env", f"{name}={value}")]
        where = ["--user", user, "--workdir", CLONE if user != "root" or not stdin else "/"]
        done = subprocess.run(
            ["docker", "exec", "--interactive", *flags, *where, self.container, *argv],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
        return Ended(done.returncode, done.stdout.decode(errors="replace"))

    def must(self, *argv: str, user: str = "root", seconds: float = 60) -> str:
        """The output of a command that has to work."""
        ended = self.run(*argv, user=user, seconds=seconds)
        assert ended.code == 0, f"{argv}: {ended.code}\n{ended.text}"
        return ended.text


@contextmanager
def machine(suite: str) -> Iterator[Machine]:
    """A machine of a distribution's `suite` with this clone in it; removed at the end."""
    tag = f"infralab-fresh:{suite}"
    _docker("import", "--change", f"LABEL {LABEL}", str(_root(suite)), tag, seconds=300)
    container = ""
    try:
        container = _docker("create", *_walls(), tag, "sleep", "infinity").strip()
        _docker("start", container)
        made = Machine(container)
        prepared = made.run("sh", "-euc", _prepare(), stdin=_cargo(), seconds=120)
        assert prepared.code == 0, prepared.text
        yield made
    finally:
        if container:
            _docker("rm", "--force", "--volumes", container, seconds=120)
        _docker("rmi", "--force", tag)


def _prepare() -> str:
    """Docker in a container needs its groups writable there, as in a bench."""
    groups = _CGROUPS.search(ENTRYPOINT.read_text())
    assert groups is not None
    return f"{groups[0]}\nprepare_cgroups\n{_PREPARE}"


def _walls() -> list[str]:
    outside = walls.network(engine.connect(), internet=True)
    words = ["--network", outside, "--label", LABEL, *place.walls_words()]
    return [*words, "--volume", "/var/lib/docker"]


def _root(suite: str) -> Path:
    """The distribution's root as a tar, kept in the cache folder."""
    folder = settings.load().cache_dir / "fresh"
    kept = folder / f"{suite}.tar"
    if not kept.exists():
        keyring = KEYRINGS.get(suite, CERTIFICATES)
        if not keyring.exists():
            pytest.skip(f"{keyring} is not there, without which {suite} cannot be trusted")
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{suite}.new.tar"
        command = [
            "mmdebstrap",
            "--variant=apt",
            "--include=ca-certificates,login,mount,passwd,sudo",
            suite,
        ]
        done = subprocess.run(
            [*command, str(partial)], capture_output=True, text=True, timeout=ROOT_SECONDS,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        partial.replace(kept)
    return kept


def _cargo() -> bytes:
    """The clone, what is not committed yet included, and this machine's way to packages."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, timeout=60,
    ).stdout.decode()  # fmt: skip
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", dereference=True) as archive:
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).exists():
                archive.add(ROOT / name, f"{CLONE}/{name}", filter=_as_root)
        for path in _package_files():
            archive.add(path, str(path), filter=_as_root)
    return packed.getvalue()


def _as_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    return info


def _package_files() -> Iterator[Path]:
    if CERTIFICATES.exists():
        yield CERTIFICATES
    for path in sorted(Path("/etc/apt/apt.conf.d").glob("*")):
        if b"Acquire" in path.read_bytes():
            yield path


def _package_variables() -> dict[str, str]:
    return {name: os.environ[name] for name in _VARIABLES if name in os.environ}


def _docker(*words: str, seconds: float = 60) -> str:
    done = subprocess.run(
        ["docker", *words], capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, f"docker {words[0]}: {done.stderr}"
    return done.stdout
