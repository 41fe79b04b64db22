"""Questions about a Slurm: its machines, its jobs, and the steps in them. Event topic: `process`.

A *job* is what the controller gives a share of the machines to. A *step* is what runs in that
share, started by `srun`. Source: slurm.conf(5), scontrol(1) and the fields of its JSON.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from lab_engine.common.probe import Probe, Reading

ACTIVE: Final = frozenset({"PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED"})
"""States of a job that has not ended (squeue(1), JOB STATE CODES)."""


class SlurmMachine(msgspec.Struct, frozen=True):
    """A machine; `memory` in MB. `state` is Slurm's words, such as `IDLE` or `MIXED,DRAIN`."""

    name: str
    state: str
    cpus: int
    memory: int
    cpus_given: int = 0
    memory_given: int = 0


class SlurmStep(msgspec.Struct, frozen=True):
    """A step, in seconds since 1970 by the controller's log; `ended` is 0 while it runs.

    `code` is how it ended, as wait(2) gives it: 0 for well, 256 for exit code 1, 9 for a kill.
    Of one that runs, `name` is the program's (or what `-J` says), and `pids` are all its processes.
    """

    number: int
    began: float = 0.0
    ended: float = 0.0
    code: int = 0
    name: str = ""
    cpus: int = 0
    pids: tuple[int, ...] = ()

    @property
    def running(self) -> bool:
        return not self.ended


class SlurmJob(msgspec.Struct, frozen=True):
    """A job. Times are in whole seconds since 1970; `began` is 0 for one that never ran.

    `state` is Slurm's word, `reason` why it waits. `given` is machine to processors, of one that
    runs or has run, `memory` is all of it in MB. `asked_for` are machines that it named itself.
    `minutes` is its time limit, None for none. `batch` tells a script from an `srun` of its own.
    Of one that wants machines for itself alone, `cpus` are all processors of as many as it wants.
    `programs` are the command lines that run in it now.
    """

    id: int
    name: str
    user: str
    state: str
    reason: str = ""
    partition: str = ""
    cpus: int = 0
    memory: int = 0
    given: dict[str, int] = msgspec.field(default_factory=dict)
    asked_for: str = ""
    minutes: int | None = None
    batch: bool = True
    submitted: int = 0
    began: int = 0
    ended: int = 0
    restarts: int = 0
    steps: tuple[SlurmStep, ...] = ()
    programs: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        return self.state == "RUNNING"

    @property
    def active(self) -> bool:
        """Whether it has not ended yet."""
        return self.state in ACTIVE

    @property
    def at_once(self) -> int:
        """The most steps that ran at the same moment."""
        return max(
            (sum(_runs_at(one, step.began) for one in self.steps) for step in self.steps), default=0
        )


def _runs_at(step: SlurmStep, at: float) -> bool:
    return step.began <= at and (step.running or step.ended > at)


class SlurmReading(Reading, frozen=True):
    """The farm. `last` is the number of its latest job; `jobs` are in the order of theirs."""

    drifts: ClassVar[frozenset[str]] = frozenset({"last"})

    last: int = 0
    machines: tuple[SlurmMachine, ...] = ()
    jobs: tuple[SlurmJob, ...] = ()

    def named(self, name: str, *, after: int = 0) -> tuple[SlurmJob, ...]:
        """The jobs of a name that were submitted after the one of this number."""
        return tuple(one for one in self.jobs if one.name == name and one.id > after)


class SlurmProbe(Probe[SlurmReading], frozen=True, tag="slurm"):
    """What the controller knows: machines, jobs of the last day, and their steps.

    Example::

        SlurmProbe()
        all(one.running for one in reading.named("render"))
    """

    reading: ClassVar[type[msgspec.Struct]] = SlurmReading

    def topics(self) -> frozenset[str]:
        return frozenset({"process"})
