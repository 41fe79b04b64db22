"""Statements about jobs, as Slurm's controller knows them (client side)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lab_engine.common.evidence import See, require
from lab_engine.families.slurm.probes import SlurmJob, SlurmProbe

QUEUE: Final = "squeue --states=all -o '%.5i %.12j %.10T %.4C %.10l %N %r'"
"""What shows all jobs, those that have ended too, with the processors that they have."""

FOR_ROOM: Final = ("Resources", "Priority")
"""Why a job waits that nobody holds back: it is the first without room, or is behind that one."""

HELD: Final = ("JobHeldUser", "JobHeldAdmin")


async def jobs_since(see: See, name: str) -> tuple[SlurmJob, ...]:
    """The jobs of a name that were submitted since the step began, at least one. One round trip.

    Reasons: `no-job` (nothing was submitted), `other-name` (something was, and nothing of it is
    called so).
    """
    before = await see.before(SlurmProbe())
    farm = await see(SlurmProbe())
    new = [job for job in farm.jobs if job.id > before.last]
    require(
        new,
        "no-job",
        expected=f"A job called {name} was submitted.",
        observed="No job was, since this step began.",
        look=QUEUE,
    )
    found = farm.named(name, after=before.last)
    require(
        found,
        "other-name",
        expected=f"A job called {name} was submitted.",
        observed=f"There is: {', '.join(sorted({job.name for job in new}))}.",
        look=QUEUE,
    )
    return found


def only_active(found: Sequence[SlurmJob], *, waits: bool = False) -> SlurmJob:
    """The one of `found`, which are of one name, that has not ended; `waits` is for the words.

    Reasons: `no-such-share` (it was refused: nothing here is so large), `cancelled` (somebody
    ended it), `over-limit` (its time was up), `ended` (else), `several-jobs`.
    """
    name, active = found[-1].name, [job for job in found if job.active]
    expected = f"The job {name} {'waits' if waits else 'runs'}."
    # Each with its own word: lint reads the reasons of a near miss from the calls.
    require(
        active or found[-1].reason != "BadConstraints",
        "no-such-share",
        expected=expected,
        observed="It was refused at once: BadConstraints.",
        look=QUEUE,
    )
    require(
        active or found[-1].state != "CANCELLED",
        "cancelled",
        expected=expected,
        observed="It was taken away: CANCELLED.",
        look=QUEUE,
    )
    require(
        active or found[-1].state != "TIMEOUT",
        "over-limit",
        expected=expected,
        observed="It was ended when its time was up: TIMEOUT.",
        look=QUEUE,
    )
    require(
        active,
        "ended",
        expected=expected,
        observed=f"It has ended: {found[-1].state}.",
        look=QUEUE,
    )
    require(
        len(active) == 1,
        "several-jobs",
        expected=f"One job is called {name}.",
        observed=f"{len(active)} are.",
        look=QUEUE,
    )
    return active[0]


def require_running(job: SlurmJob) -> None:
    """Reasons: `suspended`, those of `require_not_held`, `waits`."""
    require(
        job.state != "SUSPENDED",
        "suspended",
        expected=f"The job {job.name} runs.",
        observed="It is suspended.",
        look=QUEUE,
    )
    require_not_held(job, waits=False)
    require(
        job.running,
        "waits",
        expected=f"The job {job.name} runs.",
        observed=f"It is {job.state}: {job.reason}.",
        look=QUEUE,
    )


def require_not_held(job: SlurmJob, *, waits: bool) -> None:
    """A job does not wait for anything else than room; `waits` is for the words.

    Reasons: `held-back` (by hand), `begins-later` (at a time that it named itself).
    """
    expected = f"The job {job.name} {'waits for want of room' if waits else 'runs'}."
    require(
        job.reason not in HELD,
        "held-back",
        expected=expected,
        observed=f"It is held back: {job.reason}.",
        look=QUEUE,
    )
    require(
        job.reason != "BeginTime",
        "begins-later",
        expected=expected,
        observed="It waits for a time: BeginTime.",
        look=QUEUE,
    )


async def require_job(
    see: See, name: str, *, cpus: int, memory: int | None = None, waits: bool = False
) -> SlurmJob:
    """One job of this name has this share of the farm, since the step began. One round trip.

        await require_job(see, "render", cpus=4, memory=600)

    Reasons: those of `jobs_since`; `several-jobs`, `no-such-share` (it was refused, since nothing
    here is so large), `cancelled`, `over-limit`, `ended`, `other-share` (of processors),
    `other-memory`, `held-back` (by hand), `begins-later` (at a time that it named), `suspended`,
    `waits` (it has not begun), `runs` (it has, and should wait), `other-reason` (it waits, but for
    another job, say).

    Args:
        see: the check's way to ask.
        name: the job's.
        cpus: how many processors it has in all, or waits for.
        memory: MB in all; None for any.
        waits: whether it must wait, for want of room.
    """
    job = only_active(await jobs_since(see, name), waits=waits)
    require(
        job.cpus == cpus,
        "other-share",
        expected=f"The job {name} {'wants' if waits else 'has'} {cpus} processors.",
        observed=f"It asked for {job.cpus}.",
        look=QUEUE,
    )
    require(
        memory is None or job.memory == memory,
        "other-memory",
        expected=f"The job {name} has {memory} MB on all its machines together.",
        observed=f"It has {job.memory} MB on {len(job.given) or 'no'} of them.",
        look=f"scontrol show job {job.id}",
    )
    if waits:
        require(
            job.state == "PENDING",
            "runs",
            expected=f"The job {name} waits.",
            observed="It runs.",
            look=QUEUE,
        )
        require_not_held(job, waits=True)
        require(
            job.reason in FOR_ROOM,
            "other-reason",
            expected=f"The job {name} waits for want of room.",
            observed=f"It waits for another reason: {job.reason}.",
            look=QUEUE,
        )
    else:
        require_running(job)
    return job


async def require_ahead(see: See, name: str, of: str, *, cpus: int, within: int) -> SlurmJob:
    """A job began while one waited that had been submitted before it. One round trip.

        await require_ahead(see, "small", of="big", cpus=1, within=30)

    Its limit must say that this harms nobody: whoever may set priorities can make it begin too.

    Reasons: those of `jobs_since`; `nobody-waits` (the other one does not), `was-first` (it was
    submitted before the other one), `other-share`, `held` (it has not begun), `no-end` (it has,
    without a limit, or with one that is too long).

    Args:
        see: the check's way to ask.
        name: the job that went ahead.
        of: the one that waits.
        cpus: how many processors the first has.
        within: the most minutes that it may say.
    """
    others = [job for job in await jobs_since(see, of) if job.state == "PENDING"]
    require(
        others,
        "nobody-waits",
        expected=f"The job {of} waits.",
        observed="It does not.",
        look=QUEUE,
    )
    found = await jobs_since(see, name)
    late = [job for job in found if job.id > others[0].id]
    require(
        late,
        "was-first",
        expected=f"The job {name} was submitted after {of}.",
        observed=f"It was before: as number {found[-1].id}, and {of} is {others[0].id}.",
        look=QUEUE,
    )
    job = max(late, key=lambda one: (one.began > 0, one.id))
    require(
        job.cpus == cpus,
        "other-share",
        expected=f"The job {name} has {cpus} processor{'s' * (cpus > 1)}.",
        observed=f"It asked for {job.cpus}.",
        look=QUEUE,
    )
    require(
        job.began,
        "held",
        expected=f"The job {name} began, although {of} waits.",
        observed=f"It is {job.state}: {job.reason}.",
        look=QUEUE,
    )
    require(
        job.minutes is not None and job.minutes <= within,
        "no-end",
        expected=f"The job {name} says that it is over in time for {of}.",
        observed="It has no limit."
        if job.minutes is None
        else f"Its limit is {job.minutes} minutes.",
        look=QUEUE,
    )
    return job


async def require_placed_jobs(
    see: See, name: str, count: int, *, machines: int, partition: str, running: bool = True
) -> tuple[SlurmJob, ...]:
    """So many jobs of a name came by one partition onto so many machines. One round trip.

        await require_placed_jobs(see, "bee", 3, machines=2, partition="all")

    Where they are was the scheduler's choice: none has named a machine.

    Reasons: those of `jobs_since`; `other-door` (none came by that partition), `other-count`,
    `chosen` (it named a machine), `elsewhere` (on more machines, or fewer).

    Args:
        see: the check's way to ask.
        name: what all of them are called.
        count: how many.
        machines: on how many machines they are in all.
        partition: by which partition they came.
        running: whether they must still run; else those count that have run.
    """
    told = await jobs_since(see, name)
    found = [job for job in told if job.partition == partition]
    require(
        found,
        "other-door",
        expected=f"Jobs called {name} are submitted to the partition {partition}.",
        observed=f"There are {len(told)}, and none to it.",
        look="squeue --states=all -o '%.5i %.12j %.10T %.10P %N'",
    )
    its = [job for job in found if job.running or (job.began and not running)]
    require(
        len(its) == count if running else len(its) >= count,
        "other-count",
        expected=f"{count} jobs called {name} {'run' if running else 'have run'}.",
        observed=f"There are {len(its)}.",
        look=QUEUE,
    )
    # Of several tries the latest.
    its = its[-count:]
    chosen = [job for job in its if job.asked_for]
    require(
        not chosen,
        "chosen",
        expected="The scheduler chose the machines.",
        observed=f"Job {chosen[0].id if chosen else ''} has named its machine itself.",
        look=QUEUE,
    )
    on = sorted({machine for job in its for machine in job.given})
    require(
        len(on) == machines,
        "elsewhere",
        expected=f"The {count} jobs called {name} are on {machines} machines.",
        observed=f"They are on {', '.join(on)}.",
        look=QUEUE,
    )
    return tuple(its)
