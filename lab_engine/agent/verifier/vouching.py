"""Whether those who answer in the bench are the image's: its daemons, its agent, its programs.

What a process runs is told by the kernel: the file behind /proc/PID/exe and each file that it has
mapped to be executed. Each must be the image's own file of that path. It is when both are one inode
of the layer below (same number, size and times; and nobody can set the time of an inode's last
change), else when their SHA-256 are equal.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from lab_engine.agent.genuine import fault
from lab_engine.common.paths import AGENT_SOCKET
from lab_engine.errors import InfralabError
from lab_engine.families.family import Daemon
from lab_engine.families.machinery import ENTRYPOINT
from lab_engine.families.registry import FAMILIES
from lab_engine.kernel import mountinfo, proc, processes, sockets, untouched
from lab_engine.protocol import Vouched

WORDS: Final = ("lab_engine.agent",)
COVERED: Final = (
    "/usr/", "/opt/infralab", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so", "/etc/alternatives",
)  # fmt: skip
"""Where a mount in the bench hides a program, or what programs load."""
SPARED: Final = ("/usr/local/share/", "/usr/share/", "/usr/src/")
LOADED: Final = ("LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME")
_OWN_PATH: Final = "/opt/infralab/lib"


class Noted(NamedTuple):
    """How the bench was before anything was done: its agent, who starts that, and its mounts."""

    agent: tuple[int, int]
    entrypoint: tuple[int, int]
    mounts: frozenset[str]


def noted() -> Noted:
    """Raises InfralabError when the bench has no agent yet."""
    among = processes.every()
    starts = [one for one in among.values() if one.parent == 1 and ENTRYPOINT in one.argv]
    for first in starts:
        for one in among.values():
            if one.parent == first.pid and any(word in one.argv for word in WORDS):
                return Noted(
                    (one.pid, one.start),
                    (first.pid, first.start),
                    frozenset(entry.target for entry in mountinfo.mounts(1)),
                )
    raise InfralabError("the bench has no agent yet")


def vouched(before: Noted, stilled: tuple[str, ...]) -> Vouched:
    """Look at all that answers in the bench. For a process that has entered it."""
    faults = [*_mounted(before.mounts)]
    if tracer := _tracer(os.getpid()):
        faults.append(f"process {tracer} of the bench traces who looks")
    for family in FAMILIES.values():
        if family.daemon is not None:
            faults += _daemon(family.name, family.daemon)
    return Vouched(tuple(dict.fromkeys(faults)), _agent(before), stilled)


def _mounted(before: frozenset[str]) -> Iterator[str]:
    for entry in mountinfo.mounts():
        target = entry.target
        if target in before or target.startswith(SPARED):
            continue
        numbered = target.startswith("/proc/") and target.split("/")[2].isdecimal()
        if target in ("/", "/usr", "/opt", "/proc") or numbered or target.startswith(COVERED):
            yield f"{target} is covered by a mount of {entry.root} ({entry.fstype})"


def _daemon(name: str, daemon: Daemon) -> Iterator[str]:
    for socket in filter(None, (daemon.socket, daemon.behind)):
        try:
            pid = sockets.peer(socket)
        except OSError:
            # Nobody answers: that is a state of the bench, which a check sees.
            continue
        wrong = fault(pid, daemon) or foreign(pid)
        if wrong:
            yield f"{socket} is answered by {wrong}, not by the image's own {name}"


def _agent(before: Noted) -> str:
    """Why the agent is not to be relied on; empty when it is."""
    try:
        pid = sockets.peer(AGENT_SOCKET)
    except OSError:
        return "the bench's agent does not answer"
    found, parent = processes.read(pid), processes.read(before.entrypoint[0])
    if found is None:
        return "the bench's agent has ended"
    who = f"the bench's agent is process {pid}"
    if parent is None or (parent.pid, parent.start) != before.entrypoint:
        return "the bench's entrypoint, which keeps the agent running, has ended"
    if (pid, found.start) != before.agent and found.parent != parent.pid:
        return f"{who}, which the bench's entrypoint did not start"
    if found.state in "Tt":
        return f"{who}, which is stopped"
    if (pid, found.start) != before.agent:
        return f"{who}, which is not the one that was there at the session's begin"
    wrong = foreign(pid)
    return f"{who}: {wrong}" if wrong else ""


def foreign(pid: int) -> str:
    """What a process of the image runs that is not the image's, in words; empty for nothing."""
    who = f"process {pid}"
    try:
        if tracer := _tracer(pid):
            return f"{who}, which process {tracer} traces"
        for name, value in processes.environment(pid).items():
            if name in LOADED and not (name == "PYTHONPATH" and value == _OWN_PATH):
                return f"{who}, which was started with {name}={value}"
        for path, file in _run(pid):
            if not _same(path, file):
                return f"{who}, which runs {path}: that is not the image's"
    except (FileNotFoundError, ProcessLookupError):
        # It has ended. Whoever asks its socket next says so.
        return ""
    return ""


def _tracer(pid: int) -> int:
    """Who traces a process; 0 for nobody (proc(5), TracerPid)."""
    status = proc.read_text(f"{pid}/status")
    return int(status[status.index("\nTracerPid:") :].split(maxsplit=2)[1])


def _run(pid: int) -> Iterator[tuple[str, str]]:
    """Each file that a process executes: its path, and where proc has the file itself."""
    yield proc.target(f"{pid}/exe"), f"{pid}/exe"
    seen = set()
    for line in proc.read_text(f"{pid}/maps").splitlines():
        span, rights, _, _, inode, *path = line.split(maxsplit=5)
        if "x" in rights and inode != "0" and path and path[0] not in seen:
            seen.add(path[0])
            # Written here with leading zeroes, which the names in map_files do not have.
            first, last = (f"{int(one, 16):x}" for one in span.split("-"))
            yield path[0], f"{pid}/map_files/{first}-{last}"


def _same(path: str, file: str) -> bool:
    """Whether what a process runs is the image's file of that path."""
    try:
        descriptor = proc.opened(file)
    except FileNotFoundError:
        # It was unmapped meanwhile.
        return True
    with open(descriptor, "rb") as there:  # noqa: PTH123 - no path
        theirs = os.fstat(there.fileno())
        try:
            ours = Path(path).stat()
        except FileNotFoundError:
            return False
        # An inode's number is of a file system: that of the bench's own root folder, no other.
        here = theirs.st_dev == Path("/").stat().st_dev
        if here and theirs.st_ctime <= untouched.made_at() and _identity(theirs) == _identity(ours):
            return True
        if theirs.st_size != ours.st_size:
            return False
        with Path(path).open("rb") as image:
            own = hashlib.file_digest(image, "sha256").digest()
        return hashlib.file_digest(there, "sha256").digest() == own


def _identity(info: os.stat_result) -> tuple[int, ...]:
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns
