"""The files, mounts and loop devices of the bench, and the way to take one away.

Keys are `file/<path>`, `mount/<target>` (`mount/<target>#2` for a second one on top of it) and
`loop/<device>`.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from typing import Final

from lab_engine.errors import ProviderError
from lab_engine.families.files.agent import marks, watched
from lab_engine.families.files.agent.unmount import take_off
from lab_engine.kernel import loops, mountinfo

_SECONDS: Final = 10.0
OTHERS_MOUNTS: Final = (
    "/proc",
    "/sys",
    "/dev",
    "/run/docker",
    "/run/netns",
    "/run/user",
    "/run/containerd",
    "/run/infralab",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/incus",
)
"""Mounts below these belong to the kernel's own trees, to containers and to network namespaces,
which other inventories list."""


def entries() -> dict[str, str]:
    """Everything of this family, key to fingerprint."""
    return {**attached(), **watched.fingerprints()}


def attached() -> dict[str, str]:
    """Mounts and loop devices, which the kernel keeps only in memory."""
    return {**_mounts(), **_loops()}


def remove(key: str) -> None:
    """Take one entry away. Absent is not an error. Raises ProviderError when it stays."""
    kind, _, name = key.partition("/")
    try:
        if kind == "mount":
            _unmount(name)
        elif kind == "loop":
            loops.detach(name)
        elif kind == "file":
            marks.remove(name)
        else:
            raise ProviderError(f"there is nothing of kind {kind!r} among files and mounts")
    except OSError as error:
        raise ProviderError(f"cannot be taken away: {error.strerror}", resource=key) from error


def mend(key: str, before: str) -> bool:
    """Give a mount its options back. Raises ProviderError."""
    _, _, target = key.partition("/")
    what, _, options = before.rpartition(" ")
    now = _mounts().get(key, "")
    # Another one at its place is taken away, and so is what is under another.
    if now.rpartition(" ")[0] != what or "#" in target:
        return False
    done = subprocess.run(
        ["mount", "-o", f"remount,{options}", target],
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    return done.returncode == 0 and _mounts().get(key) == before


def _mounts() -> dict[str, str]:
    layers: Counter[str] = Counter()
    found = {}
    for entry in mountinfo.mounts():
        layers[entry.target] += 1
        if any(entry.target == t or entry.target.startswith(t + "/") for t in OTHERS_MOUNTS):
            continue
        layer = layers[entry.target]
        key = f"mount/{entry.target}" + (f"#{layer}" if layer > 1 else "")
        options = ",".join((*entry.options, *entry.super_options))
        found[key] = f"{entry.fstype} {entry.source} {entry.root} {options}"
    return found


def _unmount(name: str) -> None:
    target, _, layer = name.rpartition("#")
    keep = int(layer) - 1 if target and layer.isdecimal() else 0
    target = target if keep else name
    while True:
        there = sum(entry.target == target for entry in mountinfo.mounts())
        if there <= keep:
            return
        take_off(target)


def _loops() -> dict[str, str]:
    return {f"loop/{loop.name}": loop.path for loop in loops.of_this_bench()}
