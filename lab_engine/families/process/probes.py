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
