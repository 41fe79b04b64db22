"""What a boot loader finds on a disk: its entries, and the deployments behind them (agent side).

The entries are those of the Boot Loader Specification; the highest `version` is the default, which
is how OSTree orders them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common import ordinary
from lab_engine.common.probe import Probe
from lab_engine.families.ostree import probes as s
from lab_engine.families.ostree.agent.command import settings

ENTRIES: Final = "boot/loader/entries"
MOST: Final = 20
_ENTRY: Final = 1 << 16
_KEY: Final = "ostree="


def sysroot(probe: s.OstreeSysrootProbe) -> s.OstreeSysrootReading:
    root = Path(probe.path)
    if not (root / "ostree" / "repo").is_dir():
        return s.OstreeSysrootReading(exists=False)
    try:
        paths = sorted((root / ENTRIES).glob("*.conf"))[:MOST]
    except OSError:
        paths = []
    entries = [entry for path in paths if (entry := _entry(path))]
    entries.sort(key=_version, reverse=True)
    found = (_deployment(root, entry) for entry in entries)
    return s.OstreeSysrootReading(deployments=tuple(one for one in found if one is not None))


def _entry(path: Path) -> dict[str, str]:
    """An entry's keys; empty when it cannot be read."""
    try:
        lines = ordinary.text(path, _ENTRY).splitlines()
    except (OSError, ValueError):
        return {}
    return {key: rest.strip() for key, _, rest in (line.partition(" ") for line in lines) if key}


def _version(entry: dict[str, str]) -> int:
    word = entry.get("version", "")
    return int(word) if word.isdecimal() else -1


def _deployment(root: Path, entry: dict[str, str]) -> s.Deployment | None:
    options = entry.get("options", "")
    at = next((one[len(_KEY) :] for one in options.split() if one.startswith(_KEY)), "")
    if not at:
        return None
    # By two links, as the first program of the machine goes: the set of deployments that counts
    # now (`boot.0` to `boot.0.1`), and in it the folder.
    try:
        folder = Path(f"{root}{at}").resolve(strict=True)
        name, _, serial = folder.name.rpartition(".")
        system = folder.relative_to(root.resolve() / "ostree" / "deploy").parts[0]
    except (OSError, RuntimeError, ValueError):
        return None
    origin = settings(folder.with_name(f"{folder.name}.origin"))
    pinned = origin.get("libostree-transient", "pinned", fallback="")
    return s.Deployment(
        os=system,
        commit=name,
        serial=int(serial) if serial.isdecimal() else 0,
        title=entry.get("title", ""),
        folder=str(folder),
        kernel=_booted(root, entry.get("linux", "")),
        initramfs=_booted(root, entry.get("initrd", "")),
        options=options,
        refspec=origin.get("origin", "refspec", fallback=""),
        pinned=pinned in ("true", "1"),
    )


def _booted(root: Path, name: str) -> str:
    return f"{root}/boot{name}" if name else ""


READERS: Final[dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]]] = {
    s.OstreeSysrootProbe: sysroot,
}
