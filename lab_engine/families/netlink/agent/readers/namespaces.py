"""Answers about namespaces, from /proc and by short visits of this thread (agent side)."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable
from typing import Any

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.netlink.agent.namespaces import (
    CLONE_NEWIPC,
    CLONE_NEWUTS,
    inside,
)
from lab_engine.families.netlink.probes.namespaces import (
    Inhabitant,
    InhabitantsProbe,
    InhabitantsReading,
    Mapping,
    MessageQueue,
    Semaphores,
    SharedMemory,
    SystemVProbe,
    SystemVReading,
)
from lab_engine.kernel import proc, processes
from lab_engine.kernel.processes import Process

_GONE = (FileNotFoundError, ProcessLookupError)
_NS_GET_USERNS = 0xB701
"""Asks a namespace for a descriptor of the user namespace that owns it (ioctl_ns(2))."""
_OWNED = ("ipc", "mnt", "net", "pid", "uts")


def inhabitants(probe: InhabitantsProbe) -> InhabitantsReading:
    own = processes.namespaces("thread-self")
    # A verifier has mounts of its own.
    own["mnt"] = proc.inode(f"{proc.own()}/ns/mnt")
    hostnames = {own["uts"]: socket.gethostname()}
    found = []
    for process in sorted(processes.every().values(), key=lambda process: process.pid):
        if process.ended or (probe.pid and process.pid != probe.pid):
            continue
        if probe.argv and not _is_command(process.argv, probe.argv):
            continue
        try:
            found.append(_inhabitant(process, hostnames))
        except _GONE:
            continue
    return InhabitantsReading(bench=own, hostname=hostnames[own["uts"]], processes=tuple(found))


def _is_command(argv: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    if len(argv) != len(wanted):
        return False
    return os.path.basename(argv[0]) == wanted[0] and argv[1:] == wanted[1:]  # noqa: PTH119


def _inhabitant(process: Process, hostnames: dict[int, str]) -> Inhabitant:
    namespaces = processes.namespaces(process.pid)
    # A process that ends loses its namespaces before its folder in /proc goes.
    if "uts" not in namespaces:
        raise ProcessLookupError(process.pid)
    uts = namespaces["uts"]
    # One visit for each namespace, not for each process.
    if uts not in hostnames:
        with (
            proc.held(f"{process.pid}/ns/uts") as descriptor,
            inside(descriptor, CLONE_NEWUTS),
        ):
            hostnames[uts] = socket.gethostname()
    status = proc.read_text(f"{process.pid}/status")
    # Its number in each of its PID namespaces, from the bench's own inward (proc(5), NSpid).
    numbers = status[status.index("\nNSpid:") :].split("\n", 2)[1].split()[1:]
    return Inhabitant(
        pid=process.pid,
        parent=process.parent,
        program=process.name,
        argv=process.argv,
        exe=proc.target(f"{process.pid}/exe"),
        uid=process.uid,
        pids=tuple(int(number) for number in numbers),
        namespaces=namespaces,
        owners={kind: _owner(f"{process.pid}/ns/{kind}") for kind in _OWNED},
        uid_map=_mapping(f"{process.pid}/uid_map"),
        gid_map=_mapping(f"{process.pid}/gid_map"),
        hostname=hostnames[uts],
        cwd=proc.target(f"{process.pid}/cwd"),
        started=process.start,
    )


def _owner(path: str) -> int:
    with proc.held(path) as descriptor:
        owner = fcntl.ioctl(descriptor, _NS_GET_USERNS)
    try:
        return os.fstat(owner).st_ino
    finally:
        os.close(owner)


def _mapping(path: str) -> tuple[Mapping, ...]:
    lines = (line.split() for line in proc.read_text(path).splitlines())
    return tuple(Mapping(int(inner), int(outer), int(count)) for inner, outer, count in lines)


def system_v(probe: SystemVProbe) -> SystemVReading:
    try:
        with proc.held(f"{probe.pid or 'thread-self'}/ns/ipc") as descriptor:
            inode = os.fstat(descriptor).st_ino
            with inside(descriptor, CLONE_NEWIPC):
                queues, segments, semaphores = (_table(name) for name in ("msg", "shm", "sem"))
    except _GONE:
        return SystemVReading(exists=False)
    return SystemVReading(
        inode=inode,
        queues=tuple(
            MessageQueue(
                # The kernel prints a key with a sign, here and below; `ipcs` and learners know it
                # without.
                key=int(row["key"]) & 0xFFFFFFFF,
                id=int(row["msqid"]),
                mode=int(row["perms"], 8),
                bytes=int(row["cbytes"]),
                messages=int(row["qnum"]),
                uid=int(row["uid"]),
            )
            for row in queues
        ),
        segments=tuple(
            SharedMemory(
                key=int(row["key"]) & 0xFFFFFFFF,
                id=int(row["shmid"]),
                mode=int(row["perms"], 8),
                size=int(row["size"]),
                attached=int(row["nattch"]),
                uid=int(row["uid"]),
            )
            for row in segments
        ),
        semaphores=tuple(
            Semaphores(
                key=int(row["key"]) & 0xFFFFFFFF,
                id=int(row["semid"]),
                mode=int(row["perms"], 8),
                count=int(row["nsems"]),
                uid=int(row["uid"]),
            )
            for row in semaphores
        ),
    )


def _table(name: str) -> list[dict[str, str]]:
    """A list in /proc/sysvipc of this thread's IPC namespace, by the names of its columns."""
    lines = proc.read_text(f"sysvipc/{name}").splitlines()
    columns = lines[0].split()
    return [dict(zip(columns, line.split(), strict=False)) for line in lines[1:]]


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {
    InhabitantsProbe: inhabitants,
    SystemVProbe: system_v,
}
