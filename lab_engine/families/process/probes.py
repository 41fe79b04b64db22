"""Questions about the processes of the bench. Event topic: `process`."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading


class ProcessReading(Reading, frozen=True):
    """One process.

    `state` is the letter of proc(5); `namespaces` maps `net`, `pid` and so on to the namespaces'
    inode numbers; `started` is in seconds since 1970. `exe` is the file that it really runs, as the
    process itself sees it (a name given with `exec -a` does not change it), and `container` the id
    of the container that it runs in, empty for none.
    """

    exists: bool = True
    pid: int = 0
    parent: int = 0
    name: str = ""
    argv: tuple[str, ...] = ()
    user: str = ""
    state: str = ""
    started: float = 0.0
    exe: str = ""
    container: str = ""
    namespaces: dict[str, int] = msgspec.field(default_factory=dict)


class ProcessesReading(Reading, frozen=True):
    processes: tuple[ProcessReading, ...] = ()


class ProcessProbe(Probe[ProcessesReading], frozen=True, tag="process"):
    """The processes that match all that is given; the bench's own machinery is left out.

    `program` is the short name (15 characters at most), `argv` a regular expression that is sought
    in the words joined by blanks. With `everything`, daemons and containers count too.

    Example::

        ProcessProbe(program="python3", argv="http.server 8000")
        any(one.user == "learner" for one in reading.processes)
    """

    program: str = ""
    argv: str = ""
    user: str = ""
    pid: int = 0
    everything: bool = False

    reading: ClassVar[type[msgspec.Struct]] = ProcessesReading

    def topics(self) -> frozenset[str]:
        return frozenset({"process"})


class TrialReading(Reading, frozen=True):
    """What a copy of a program did. `ran` is false when it could not be started; `why` says why.

    `exists` is false of a folder, too, and `why` says so. `err` has no names of the trial's folder.
    `code` is its exit code, or -N when signal N ended it. `made` are the small text files that were
    new or changed in its folder afterwards. `cut` says that it wrote more than the limit, and was
    ended for it.
    """

    exists: bool = True
    ran: bool = True
    why: str = ""
    code: int = 0
    out: str = ""
    err: str = ""
    timed_out: bool = False
    cut: bool = False
    made: dict[str, str] = msgspec.field(default_factory=dict)


class TrialProbe(Probe[TrialReading], frozen=True, tag="trial"):
    """Runs a copy of a learner's program, as the learner, in a folder of its own.

    It has a pid namespace too: what it starts ends with it. `path` is a file, or a folder of at
    most 16 MiB in which `program` lies; the copy is thrown away. `files` are put beside it first,
    where a name may have folders in it, and `stdin` is given to it.
    It may take `seconds`, have `memory` MiB, write `limit` bytes to each stream; files that it
    writes, 16 MiB. It gets no new rights (no sudo), and its network is that of the bench.

    Example::

        TrialProbe("/home/learner/work/hook.sh", ("start",), stdin="{}")
        reading.ran and reading.code == 0 and reading.out.strip() == "started"
    """

    path: str
    args: tuple[str, ...] = ()
    program: str = ""
    stdin: str = ""
    files: dict[str, str] = msgspec.field(default_factory=dict)
    environment: dict[str, str] = msgspec.field(default_factory=dict)
    seconds: float = 3.0
    memory: int = 512
    limit: int = 65536

    reading: ClassVar[type[msgspec.Struct]] = TrialReading

    def topics(self) -> frozenset[str]:
        return frozenset({"file"})
