"""The files, mounts, processes and loop devices of the bench, and the way to take one away.

Keys are `file/<path>`, `mount/<target>` (`mount/<target>#2` for a second one on top of it),
`process/<pid>-<start>` and `loop/<device>`. Machinery of the bench is left out, and so are the
services that a step declares: a plan makes those again.
"""

from __future__ import annotations

import errno
from collections import Counter
from typing import Final

from lab_engine.errors import ProviderError
from lab_engine.kernel import loops, mountinfo, processes, syscalls
from lab_engine.kernel.processes import Process
from lab_engine.providers.files import marks
from lab_engine.providers.process.service import MARK
from lab_engine.readers import infrastructure, watched

snapshot = watched.snapshot
restore = watched.restore

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
)
"""Mounts below these belong to the kernel's own trees, to containers and to network namespaces,
which other inventories list."""

POLITE_SECONDS: Final = 0.2
END_SECONDS: Final = 3.0


def inventory() -> dict[str, str]:
    """Everything of this family, key to fingerprint."""
    return {**_mounts(), **_processes(), **_loops(), **watched.fingerprints()}


def remove(key: str) -> None:
    """Take one entry away. Absent is not an error. Raises ProviderError when it stays."""
    kind, _, name = key.partition("/")
    try:
        if kind == "mount":
            _unmount(name)
        elif kind == "process":
            _end(name)
        elif kind == "loop":
            loops.detach(name)
        elif kind == "file":
            marks.remove(name)
        else:
            raise ProviderError(f"there is nothing of kind {kind!r} among files and processes")
    except OSError as error:
        raise ProviderError(f"cannot be taken away: {error.strerror}", resource=key) from error


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
        try:
            syscalls.umount(target)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            syscalls.umount(target, lazy=True)


def _learners() -> dict[str, Process]:
    among = processes.every()
    ours = infrastructure.pids(among)
    return {
        f"{process.pid}-{process.start}": process
        for process in among.values()
        # What has no parent here was started through the outer engine: a terminal's shell.
        if process.pid not in ours
        and process.parent != 0
        and not process.ended
        and MARK not in processes.environment(process.pid)
    }


def _processes() -> dict[str, str]:
    # A process may rename itself and start another program; it is the same one as long as it lives.
    return {f"process/{name}": process.user for name, process in _learners().items()}


def _end(name: str) -> None:
    pid, _, start = name.partition("-")

    def same() -> list[Process]:
        found = processes.read(int(pid))
        return [found] if found is not None and str(found.start) == start else []

    if processes.end(same, polite=POLITE_SECONDS, limit=END_SECONDS):
        raise ProviderError(f"process {pid} does not end", resource=f"process/{name}")


def _loops() -> dict[str, str]:
    return {f"loop/{loop.name}": loop.path for loop in loops.of_this_bench()}
