"""A job waits for a whole farm, and a small one goes ahead of it without harm."""

from __future__ import annotations

from lab_engine.authoring import See, require, require_ahead, require_job
from labs.two_level_scheduling.values import PROCESSORS, Values, lab, submit, until_running

step = lab.step("ahead", daemons=("slurm",))


@step.check("queue", settle=3.0)
async def queue(see: See, v: Values) -> None:
    first = await require_job(see, v.long, cpus=v.busy)
    require(
        first.minutes == v.limit,
        "other-limit",
        expected=f"The job {v.long} may run for {v.limit} minutes.",
        observed="It has no limit." if first.minutes is None else f"It may for {first.minutes}.",
        look=f"scontrol show job {first.id}",
    )
    await require_job(see, v.big, cpus=PROCESSORS, waits=True)


@step.check("slip", needs=("queue",), settle=4.0)
async def slip(see: See, v: Values) -> None:
    await require_ahead(see, v.small, of=v.big, cpus=1, within=v.limit)


def long(v: Values, limit: str = "") -> str:
    return submit(v.long, f"-n {v.busy} --time {limit or v.limit}")


def big(v: Values) -> str:
    return submit(v.big, f"-n {PROCESSORS}")


def small(v: Values, options: str = "--time 5") -> str:
    return submit(v.small, f"-n 1 {options}".strip())


step.solution("as shown", lambda v: [long(v), big(v), small(v)])
step.solution(
    "in other words",
    lambda v: [
        submit(v.long, f"--ntasks={v.busy} --time={v.limit}:00"),
        submit(v.big, "-N 3 --ntasks-per-node=2"),
        submit(v.small, "--time=0:03:00"),
    ],
)
step.solution(
    "three machines for itself alone",
    lambda v: [long(v), submit(v.big, "--exclusive -N 3"), small(v)],
)
step.near_miss(
    "the big one first",
    lambda v: [big(v), until_running(v.big), long(v)],
    rejected_by="queue",
    reason="waits",
    explain="Another job was there before and has the processors. Take it away with `scancel`. The "
    "order in which you submit them matters.",
)
step.near_miss(
    "seconds for minutes",
    lambda v: [long(v, f"0:{v.limit}"), big(v)],
    rejected_by="queue",
    reason="other-limit",
    explain="A bare number is minutes, `1:30` is minutes and seconds, `1:30:00` begins with hours, "
    "and without `--time` there is no limit.",
)
step.near_miss(
    "no limit for the first",
    lambda v: [submit(v.long, f"-n {v.busy}"), big(v)],
    rejected_by="queue",
    reason="other-limit",
    explain="A bare number is minutes, `1:30` is minutes and seconds, `1:30:00` begins with hours, "
    "and without `--time` there is no limit.",
)
step.near_miss(
    "not the whole farm",
    lambda v: [long(v), submit(v.big, f"-n {PROCESSORS - 1}")],
    rejected_by="queue",
    reason="other-share",
)
step.near_miss(
    "held back by hand",
    lambda v: [long(v), submit(v.big, f"-n {PROCESSORS} --hold")],
    rejected_by="queue",
    reason="held-back",
    explain="It waits, but not for room: it was told to. `scontrol release` with its number takes "
    "that back.",
)
step.near_miss(
    "for a later time",
    lambda v: [long(v), submit(v.big, f"-n {PROCESSORS} --begin now+1hour")],
    rejected_by="queue",
    reason="begins-later",
    explain="It waits, but not for room: it has said when it begins at the earliest. Take it away "
    "with `scancel`, and submit it without `--begin`.",
)
step.near_miss(
    "two processors for the small one",
    lambda v: [long(v), big(v), submit(v.small, "-n 2 --time 5")],
    rejected_by="slip",
    reason="other-share",
)
step.near_miss(
    "ahead by force",
    lambda v: [
        long(v),
        big(v),
        small(v, "")
        + f" && sudo scontrol update job=$(squeue -h -n {v.small} -o %i) priority=999999",
    ],
    rejected_by="slip",
    reason="no-end",
    explain="It runs, and the big one may have to wait for it: nobody knows when it will be done. "
    "So it was put in front by force, or its limit was taken away afterwards. Submit it with a "
    "short `--time`, and the scheduler lets it go ahead by itself.",
)
step.near_miss(
    "the small one without a limit",
    lambda v: [long(v), big(v), small(v, "")],
    rejected_by="slip",
    reason="held",
    explain="As far as the scheduler knows, it would still run when the big one could begin: it "
    "has no time limit, or one that is too long, or it asks for more than what is free now.",
)
step.near_miss(
    "a limit that is too long",
    lambda v: [long(v), big(v), small(v, f"--time {v.limit + 30}")],
    rejected_by="slip",
    reason="held",
    explain="As far as the scheduler knows, it would still run when the big one could begin: it "
    "has no time limit, or one that is too long, or it asks for more than what is free now.",
)
step.near_miss(
    "the small one before the big one",
    lambda v: [long(v), small(v), big(v)],
    rejected_by="slip",
    reason="was-first",
    explain="It was there before the big one, so it has overtaken nobody.",
)
