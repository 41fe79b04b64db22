"""Questions about which namespaces processes live in (namespaces(7)), and what is in some of them.

Event topics: `process`; no event tells of a changed host name, a message queue or a user mapping.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading


class Mapping(msgspec.Struct, frozen=True):
    """One line of a uid_map or gid_map: `count` ids from `inside` on are `outside` in the bench."""

    inside: int
    outside: int
    count: int


class Inhabitant(msgspec.Struct, frozen=True):
    """A process and the namespaces that it lives in.

    `pid`, `parent` and `uid` are as the bench counts; `pids` are its numbers from the bench's pid
    namespace down to its own, so that the last one is what it calls itself. `namespaces` maps the
    kinds to inode numbers as `lsns` and `ls -l /proc/PID/ns` show them, and `owners` those kinds to
    the user namespace whose root has a say in it. `hostname` is that of its
    UTS namespace. `started` is in clock ticks since boot: of two, the younger has the larger.
    """

    pid: int
    parent: int
    program: str
    argv: tuple[str, ...]
    exe: str
    uid: int
    pids: tuple[int, ...]
    namespaces: dict[str, int]
    owners: dict[str, int] = msgspec.field(default_factory=dict)
    uid_map: tuple[Mapping, ...] = ()
    gid_map: tuple[Mapping, ...] = ()
    hostname: str = ""
    cwd: str = ""
    started: int = 0

    @property
    def inner_pid(self) -> int:
        """Its number in its own pid namespace."""
        return self.pids[-1]

    @property
    def inner_uid(self) -> int:
        """Its user in its own user namespace; 65534 where that has no number for it."""
        for line in self.uid_map:
            if line.outside <= self.uid < line.outside + line.count:
                return line.inside + self.uid - line.outside
        return 65534


class InhabitantsReading(Reading, frozen=True):
    """Matching processes by pid, and the namespaces of the bench itself."""

    bench: dict[str, int]
    hostname: str
    processes: tuple[Inhabitant, ...] = ()

    def outside(self, *kinds: str) -> tuple[Inhabitant, ...]:
        """Those that share none of these kinds of namespace with the bench."""
        return tuple(
            p
            for p in self.processes
            if all(p.namespaces.get(kind) not in (None, self.bench.get(kind)) for kind in kinds)
        )


class InhabitantsProbe(Probe[InhabitantsReading], frozen=True, tag="inhabitants"):
    """The processes that match all that is given; those that are ending are left out.

    `argv` are all the words of the command line: `("sleep", "300")` matches `sleep 300` and
    `/bin/sleep 300`, but not `sudo sleep 300`. `pid` is one process.

    Example::

        InhabitantsProbe(("sleep", "300"))
        any(one.inner_pid == 1 for one in reading.outside("pid", "net"))
    """

    argv: tuple[str, ...] = ()
    pid: int = 0

    reading: ClassVar[type[msgspec.Struct]] = InhabitantsReading

    def topics(self) -> frozenset[str]:
        return frozenset({"process"})


class MessageQueue(msgspec.Struct, frozen=True):
    """A System V message queue as `ipcs -q` lists it; `bytes` and `messages` wait in it."""

    key: int
    id: int
    mode: int
    bytes: int
    messages: int
    uid: int


class SharedMemory(msgspec.Struct, frozen=True):
    """A System V shared memory segment as `ipcs -m` lists it; `size` in bytes."""

    key: int
    id: int
    mode: int
    size: int
    attached: int
    uid: int


class Semaphores(msgspec.Struct, frozen=True):
    """A System V set of semaphores as `ipcs -s` lists it."""

    key: int
    id: int
    mode: int
    count: int
    uid: int


class SystemVReading(Reading, frozen=True):
    """What is in an IPC namespace (sysvipc(7)); `inode` is the namespace's."""

    exists: bool = True
    inode: int = 0
    queues: tuple[MessageQueue, ...] = ()
    segments: tuple[SharedMemory, ...] = ()
    semaphores: tuple[Semaphores, ...] = ()


class SystemVProbe(Probe[SystemVReading], frozen=True, tag="sysv-ipc"):
    """The System V objects that process `pid` sees; those of the bench itself for 0.

    Example::

        SystemVProbe()
        any(queue.messages for queue in reading.queues)
    """

    pid: int = 0

    reading: ClassVar[type[msgspec.Struct]] = SystemVReading

    def topics(self) -> frozenset[str]:
        return frozenset({"process"})
