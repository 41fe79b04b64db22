"""What the kernel under an engine's benches can do, asked there.

The engine may be on another computer or in a virtual machine, so the client's own `/proc` says
nothing. A bench sees its kernel, but not which modules lie ready for it; so a container of ours is
asked, which has the engine's `/lib/modules` read-only. Nothing is loaded by asking.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from lab_engine.bench import engine, tool
from lab_engine.common.features import FEATURES

MODULES: Final = "/host/modules"
_ASKED: Final = "asking which features the engine's kernel has"
_PARTS: Final = ("release", "loaded", "named", "systems", "built", "ready", "config")
_SCRIPT: Final = f"""
part() {{ echo "== $1"; }}
modules={MODULES}/$(uname -r)
part release; uname -r
part loaded; cut -d' ' -f1 /proc/modules 2> /dev/null
part named; ls /sys/module
part systems; cat /proc/filesystems
part built; cat "$modules/modules.builtin" 2> /dev/null
part ready; cut -d: -f1 "$modules/modules.dep" 2> /dev/null
part config; zcat /proc/config.gz 2> /dev/null
exit 0
"""


class Presence(StrEnum):
    """How it stands with one feature."""

    THERE = "there"
    """Loaded or built in."""
    READY = "ready"
    """A module of this kernel that is not loaded. A bench may not load it."""
    ABSENT = "absent"
    WHOLE = "whole"
    """A bench may not use it here: what is made with it would be the whole computer's."""
    UNKNOWN = "unknown"
    """This kernel does not tell."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """What a kernel says of itself. Names are modules', with `_` for `-`.

    Args:
        release: as `uname -r` says it.
        named: what is loaded, or built in and has parameters.
        systems: its file systems.
        built: what its list of built-in modules has.
        ready: what can be loaded.
        config: its options without `CONFIG_`, each `y` or `m`; empty when it does not tell.
        own: whether it is there for benches alone.
    """

    release: str
    named: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()
    built: frozenset[str] = frozenset()
    ready: frozenset[str] = frozenset()
    config: dict[str, str] = field(default_factory=dict)
    own: bool = False

    def has(self, name: str) -> Presence:
        """How it stands with the feature of that name, one of `FEATURES`."""
        feature = FEATURES[name]
        choice = self.config.get(feature.option, "")
        if name in self.named | self.systems | self.built or choice == "y":
            return Presence.WHOLE if feature.whole and not self.own else Presence.THERE
        if name in self.ready or choice == "m":
            return Presence.WHOLE if feature.whole and not self.own else Presence.READY
        return Presence.ABSENT if self.config or self.ready else Presence.UNKNOWN

    def lacks(self, names: Iterable[str]) -> dict[str, Presence]:
        """Those of `names` with which a step would not work. One that is unknown is let try."""
        found = {name: self.has(name) for name in names}
        fine = (Presence.THERE, Presence.UNKNOWN)
        return {name: how for name, how in found.items() if how not in fine}


def read(said: str, *, own: bool) -> Kernel:
    """The kernel, from what the container has printed."""
    parts: dict[str, list[str]] = {name: [] for name in _PARTS}
    into: list[str] = []
    for line in said.splitlines():
        if line.startswith("== "):
            into = parts[line.removeprefix("== ")]
        elif line.strip():
            into.append(line)
    release = parts["release"][0] if parts["release"] else "unknown"
    options = (re.fullmatch(r"CONFIG_(\w+)=([ym])", line) for line in parts["config"])
    return Kernel(
        release,
        _names([*parts["loaded"], *parts["named"]]),
        # `nodev`, or nothing, and a tab before the name (proc_filesystems(5)).
        frozenset(line.split()[-1] for line in parts["systems"]),
        _names(parts["built"]),
        _names(parts["ready"]),
        {one[1]: one[2] for one in options if one},
        own,
    )


def _names(lines: Iterable[str]) -> frozenset[str]:
    """`kernel/drivers/md/dm-snapshot.ko.xz` as `dm_snapshot`."""
    files = (line.rpartition("/")[2].partition(".ko")[0] for line in lines)
    return frozenset(name.replace("-", "_") for name in files)


def look() -> Kernel:
    """Ask the kernel of the engine that benches are made with; half a second.

    Raises:
        DockerUnavailable: no engine answers.
        BenchError: there is no image of a bench yet, or the container failed.
    """
    client = engine.connect()
    argv = ["sh", "-c", _SCRIPT]
    said = tool.run(client, _ASKED, argv, folders={"/lib/modules": MODULES})
    return read(said.decode(errors="replace"), own=engine.is_the_machines())
