"""A framework: one job that shares its own share out among many tasks."""

from __future__ import annotations

from lab_engine.authoring import (
    ByHand,
    Directory,
    File,
    FileProbe,
    Resource,
    See,
    jobs_since,
    require,
    require_worked_off,
)
from labs.two_level_scheduling.values import HOME, Values, lab, script, until

FILL = """\
#!/bin/sh
# fill ORDER: one order of the list, a second of work. It notes in which step that was.
grep -qx "$1" orders || { echo "no such order: $1" >&2; exit 1; }
sleep 1
echo "$1 $SLURM_JOB_ID.$SLURM_STEP_ID" >> filled
"""


def resources(v: Values) -> list[Resource]:
    return [
        File("fill", path=f"{HOME}/fill", content=FILL, mode=0o755),
        File("orders", path=f"{HOME}/orders", content="".join(f"{one}\n" for one in v.orders)),
        Directory("jobs", path=f"{HOME}/jobs"),
    ]


step = lab.step("framework", daemons=("slurm",), resources=resources)


@step.check("work", points=2, settle=2.0)
async def work(see: See, v: Values) -> None:
    job = (await jobs_since(see, v.framework))[-1]
    filled = await see(FileProbe(f"{HOME}/filled"))
    noted = [line.split() for line in filled.content.splitlines()]
    # Of `fill`, which writes the numbers of its job and step; an older try may be there, too.
    its = {words[0]: words[1] for words in noted if words[1:] and words[1].startswith(f"{job.id}.")}
    look = f"cat {HOME}/filled slurm-{job.id}.out || true"
    require(
        job.active or job.steps or its,
        "cut-off",
        expected="The script lasts until its work is done.",
        observed="It has ended, before any step began, and before any order was filled.",
        look=look,
    )
    await require_worked_off(see, v.framework, v.tasks, cpus=v.share)
    missing = sorted(set(v.orders) - set(its))
    require(
        not missing,
        "not-filled",
        expected="`./fill` has filled each line of orders, in a step of this job.",
        observed=f"Not filled so: {', '.join(missing)}.",
        look=look,
    )
    require(
        len(set(its.values())) == len(its),
        "same-step",
        expected="Each order has a step of its own.",
        observed="Several were filled in one.",
        look=look,
    )


def works(v: Values, *lines: str, options: str = "") -> list[str]:
    """The script, the job, and a wait for its end."""
    return [script("jobs/work", *lines), run(v, options)]


def run(v: Values, options: str = "") -> str:
    sent = f"sbatch -J {v.framework} {options or f'-n {v.share}'}"
    # `-W` would wait, too, but looks only every few seconds.
    ended = until(f"! squeue -h -n {v.framework} | grep -q .", seconds=20)
    return ByHand(f"{sent} jobs/work && {ended}", typed=f"{sent} jobs/work")


def each(task: str) -> tuple[str, ...]:
    return ("for order in $(cat orders); do", f"    {task}", "done")


TASK = "srun --exact -n 1 ./fill $order &"

step.solution("as shown", lambda v: works(v, *each(TASK), "wait"))
step.solution(
    "as many hands as processors, each with its part of the list",
    lambda v: works(
        v,
        f"for hand in $(seq {v.share}); do",
        f'    awk "NR % {v.share} == $hand % {v.share}" orders |',
        "        while read order; do srun --exact -n 1 ./fill $order < /dev/null; done &",
        "done",
        "wait",
    ),
)
CUT = (
    "When the script ends, the job ends, and all steps with it, also those that have not begun. "
    "With `&` a script does not wait for what it starts: `wait` at its end lets it stay until the "
    "last one is done. If that is there, `slurm-NUMBER.out` says what else went wrong."
)
QUEUED = (
    "Each waited for the one before. Without `&` the script waits for each `srun`; and a "
    "step that does not say `-n 1` and `--exact` takes the whole share."
)

step.near_miss(
    "a job for each order",
    lambda v: [
        "for order in $(cat orders); do "
        f'sbatch -Q -J {v.framework} -n 1 --wrap "srun ./fill $order"; done; sleep 1'
    ],
    rejected_by="work",
    reason="a-job-each",
    explain="So the controller decides about every single order, and each has to queue. Submit one "
    "job, and let its script start the orders.",
)
step.near_miss(
    "without srun",
    lambda v: works(v, *each("./fill $order &"), "wait"),
    rejected_by="work",
    reason="no-steps",
    explain="What a script starts without `srun` runs on the machine of the script, all at once, "
    "and nobody counts it. `srun` makes a step of it, which waits for a free processor.",
)
step.near_miss(
    "one after the other",
    lambda v: works(v, *each("srun --exact -n 1 ./fill $order")),
    rejected_by="work",
    reason="one-at-a-time",
    explain=QUEUED,
)
step.near_miss(
    "each with the whole share",
    lambda v: works(v, *each("srun ./fill $order &"), "wait"),
    rejected_by="work",
    reason="one-at-a-time",
    explain=QUEUED,
)
step.near_miss(
    "nobody waits for the last",
    lambda v: works(v, *each(TASK), "sleep 1.5"),
    rejected_by="work",
    reason="cut-off",
    explain=CUT,
)
step.near_miss(
    "nobody waits at all",
    lambda v: works(v, *each(TASK)),
    rejected_by="work",
    reason="cut-off",
    explain=CUT,
)
step.near_miss(
    "a part of the share too many for each",
    lambda v: works(v, *each("srun -n 1 ./fill $order &"), "wait"),
    rejected_by="work",
    reason="not-full",
    explain="Without `--exact` a step takes all that the share has on a machine, even with `-n 1`. "
    "The share is on two machines, so only two ran at once.",
)
step.near_miss(
    "the list copied",
    lambda v: works(v, "cp orders filled", *each("srun --exact -n 1 sleep 0.5 &"), "wait"),
    rejected_by="work",
    reason="not-filled",
)
step.near_miss(
    "over one another",
    lambda v: works(v, *each("srun --overlap -n 1 ./fill $order &"), "wait"),
    rejected_by="work",
    reason="too-many-at-once",
    explain="`--overlap` lets steps share processors. Then nothing makes them wait, and all run at "
    "once.",
)
step.near_miss(
    "another share",
    lambda v: works(v, *each(TASK), "wait", options=f"-n {v.share + 1}"),
    rejected_by="work",
    reason="other-share",
)
step.near_miss(
    "one order is left out",
    lambda v: works(v, "for order in $(tail -n +2 orders); do", f"    {TASK}", "done", "wait"),
    rejected_by="work",
    reason="other-count",
)
