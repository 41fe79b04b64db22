"""What the bench image is made of: packages, locked Python packages, scripts, files, code.

Two hashes name the result. The base is made of Debian packages and takes minutes; the layer on top
holds the agent's code and takes seconds.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import re
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab_engine.bench import tarball
from lab_engine.common import paths
from lab_engine.families.registry import FAMILIES

SUITE: Final = "trixie"
HOST_FILESYSTEMS: Final = (
    "binfmt_misc", "bpf", "configfs", "debugfs", "devtmpfs", "efivarfs", "pstore", "securityfs",
    "tracefs",
)  # fmt: skip
"""Of these there is one on a machine: whoever mounts it in a bench has the host's."""
PYTHON: Final = "3.13"
# 2014 and 2_17 are two names of one thing (PEP 600), but pip does not know that of --platform.
PLATFORMS: Final = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64")
RUNS: Final = (
    # Else each bench compiles it anew, half a second of its start: what was compiled in the base
    # names other times of the files than they have after its import.
    f"{paths.PYTHON} -m compileall -q {paths.LIB} {paths.VENV}/lib",
    # Else a bench packs it with its first virtual machine, and at grading one of its own and one
    # that a learner put there look alike. Where it cannot be packed, who wants it is told why.
    f"PYTHONPATH={paths.LIB} {paths.PYTHON} -m lab_engine.families.libvirt.guests.small || true",
)
"""Commands that make the rest of the layer of its files."""

_HERE: Final = Path(__file__).parent
_PACKAGE: Final = _HERE.parent
_FAMILIES: Final = _PACKAGE / "families"
_ROOMS: Final = ("common", "kernel", "families", "agent", "inside")
_FILES: Final = ("__init__.py", "errors.py", "protocol.py", "shown.py")
"""What of the engine runs in a bench. A change of anything else needs no new image."""
# What a family has for the client, and `rootfs`, which `_rootfs` lays out.
_LEFT_OUT: Final = ("__pycache__", "rootfs", "picture.py", "requirements", "authoring.py")
_CODE_SUFFIXES: Final = (".py", ".lock", ".txt", ".conf", ".sh", ".json", ".toml", ".typed", ".xml")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the layer: absolute path in the image, bytes, mode, numeric owner."""

    path: str
    data: bytes
    mode: int = 0o644
    owner: int = 0


def packages() -> tuple[str, ...]:
    """The Debian packages of the bench, sorted."""
    lists = [_HERE / "packages.txt", *sorted(_FAMILIES.glob("*/packages.txt"))]
    lines = [line for path in lists for line in path.read_text(encoding="utf-8").splitlines()]
    return tuple(sorted({word for line in lines if (word := line.split("#", 1)[0].strip())}))


def split_lock() -> tuple[str, str]:
    """The locked Python packages as (those with wheels, those built from source)."""
    text = (_HERE / "agent.lock").read_text(encoding="utf-8")
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", text)
    source = [block for block in blocks if block.startswith("libvirt-python")]
    wheels = [block for block in blocks if block[:1].isalnum() and block not in source]
    return "".join(wheels), "".join(source)


def scripts() -> dict[str, bytes]:
    """The build scripts and the module that they use, by path in the folder of inputs."""
    found = {
        path.name: path.read_bytes()
        for path in sorted((_HERE / "recipe").iterdir())
        if path.is_file()
    }
    return {**found, "lab_engine/bench/tarball.py": Path(tarball.__file__).read_bytes()}


def base_hash() -> str:
    """Twelve hexadecimal digits that change with anything the base is made of."""
    digest = hashlib.sha256(SUITE.encode())
    for part in (*packages(), *split_lock()):
        digest.update(part.encode() + b"\0")
    for name, data in scripts().items():
        digest.update(name.encode() + b"\0" + data + b"\0")
    return digest.hexdigest()[:12]


def layer() -> list[Entry]:
    """Every file of the thin layer: the bench's own files, the engine's code."""
    return [*_rootfs(), *_code(), *_for_the_learner(), *_held(), *_refusals(), _programs()]


def layer_hash(entries: Iterable[Entry]) -> str:
    """Twelve hexadecimal digits that change with the base, any file of the layer, or `RUNS`."""
    digest = hashlib.sha256(base_hash().encode())
    for entry in sorted(entries, key=lambda entry: entry.path):
        digest.update(f"{entry.path}\0{entry.mode}\0{entry.owner}\0".encode())
        digest.update(hashlib.sha256(entry.data).digest())
    digest.update(repr(RUNS).encode())
    return digest.hexdigest()[:12]


def layer_tar(entries: Iterable[Entry]) -> bytes:
    """The layer as a tar with fixed times, in which folders of ours come before their files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for folder, mode in (
            ("opt/infralab", 0o711),
            ("opt/infralab/lib", 0o700),
            ("usr/lib/infralab", 0o755),
            ("usr/lib/infralab/bin", 0o755),
        ):
            tarball.add(tar, folder, b"", mode=mode, kind=tarfile.DIRTYPE)
        for entry in sorted(entries, key=lambda entry: entry.path):
            tarball.add(tar, entry.path.lstrip("/"), entry.data, mode=entry.mode, owner=entry.owner)
    return buffer.getvalue()


def _rootfs() -> Iterator[Entry]:
    """The bench's own files, and those that a family brings for its daemon."""
    roots = [_HERE / "rootfs", *sorted(_FAMILIES.glob("*/rootfs"))]
    for root, path in ((one, path) for one in roots for path in sorted(one.rglob("*"))):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        target = "/" + path.relative_to(root).as_posix()
        executable = any(part in target for part in ("/bin/", "/sbin/", "/entrypoint"))
        # sudo refuses rules that others may write (sudoers(5)); 0440 is the mode that it asks for.
        mode = 0o755 if executable else 0o440 if "sudoers" in target else 0o644
        # The number that customize.sh gives the learner.
        owner = 1000 if target.startswith("/home/learner") else 0
        yield Entry(target, path.read_bytes(), mode, owner)


def _code() -> Iterator[Entry]:
    inner = [path for room in _ROOMS for path in (_PACKAGE / room).rglob("*")]
    for path in sorted([*inner, *(_PACKAGE / name for name in _FILES)]):
        inside = path.relative_to(_PACKAGE)
        if path.suffix not in _CODE_SUFFIXES or not path.is_file():
            continue
        if any(part in _LEFT_OUT for part in inside.parts):
            continue
        yield Entry(f"/opt/infralab/lib/lab_engine/{inside.as_posix()}", path.read_bytes(), 0o600)


def _for_the_learner() -> Iterator[Entry]:
    """What runs in a learner's terminal with the learner's own rights."""
    yield Entry("/usr/lib/infralab/console.py", (_PACKAGE / "inside" / "console.py").read_bytes())


def _refusals() -> Iterator[Entry]:
    """`mount -t TYPE` runs /sbin/mount.TYPE where there is one, instead of mounting (mount(8))."""
    script = (_HERE / "rootfs/usr/lib/infralab/bin/refuse-mount").read_bytes()
    for kind in HOST_FILESYSTEMS:
        yield Entry(f"/usr/sbin/mount.{kind}", script, 0o755)


def _held() -> Iterator[Entry]:
    """The smallest file that a loop device takes; `inside/nodes.py` says what it is for."""
    yield Entry("/usr/lib/infralab/no-disk", bytes(512))


def _programs() -> Entry:
    """What `stop-all` ends."""
    found = (family.daemon.programs for family in FAMILIES.values() if family.daemon)
    return Entry("/usr/lib/infralab/programs", "\n".join(itertools.chain(*found)).encode() + b"\n")


def host_mirror(sources: Path = Path("/etc/apt")) -> str:
    """The Debian mirror that this host uses, or "" when the host is no Debian.

    Reads one-line and deb822 sources; the first `deb` of a Debian archive with `main` counts.
    """
    lists = [sources / "sources.list", *sorted((sources / "sources.list.d").glob("*"))]
    for path in lists:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        found = _deb822(text) if path.suffix == ".sources" else _one_line(text)
        for uri, suites in found:
            if uri.rstrip("/").endswith("/debian") and not any("security" in s for s in suites):
                return uri.rstrip("/")
    return ""


def _one_line(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+.*\bmain\b", line)
        if match:
            yield match[1], [match[2]]


def _deb822(text: str) -> Iterator[tuple[str, list[str]]]:
    for paragraph in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        for line in paragraph.splitlines():
            key, colon, value = line.partition(":")
            if colon and not line.startswith(("#", " ", "\t")):
                fields[key.strip().lower()] = value.strip()
        usable = "deb" in fields.get("types", "").split() and fields.get("enabled", "yes") != "no"
        if usable and "main" in fields.get("components", "").split():
            for uri in fields.get("uris", "").split():
                yield uri, fields.get("suites", "").split()


def apt_options() -> list[str]:
    """The host's apt settings for reaching a mirror: proxies, certificates."""
    try:
        dump = subprocess.run(
            ["apt-config", "dump"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    wanted = re.compile(
        r"Acquire::https?::(.*::)?(Proxy|Proxy-Auto-Detect|CaInfo|Verify-\w+)\b", re.IGNORECASE
    )
    return [line for line in dump.splitlines() if wanted.match(line) and '""' not in line]
