"""A share of several machines, which nobody has chosen by name."""

from __future__ import annotations

from lab_engine.authoring import See, require_job
from labs.two_level_scheduling.values import PROCESSORS, Values, lab, submit, until_running

step = lab.step("share", daemons=("slurm",))


@step.check("share", settle=3.0)
async def share(see: See, v: Values) -> None:
    await require_job(see, v.job, cpus=v.cpus, memory=v.memory)


def size(v: Values) -> str:
    return f"-n {v.cpus} --mem-per-cpu {v.each}"


step.solution("a script of one line", lambda v: [submit(v.job, size(v))])
step.solution(
    "a program instead of a script",
    lambda v: [
        f"srun -J {v.job} {size(v)} sleep 1d < /dev/null > /dev/null 2>&1 & " + until_running(v.job)
    ],
)
step.near_miss(
    "all of the memory for each machine",
    lambda v: [submit(v.job, f"-n {v.cpus} --mem {v.memory}")],
    rejected_by="share",
    reason="other-memory",
    explain="`--mem` is what the job gets on each of its machines, and `--mem-per-cpu` what it "
    "gets for each processor. Whoever names neither gets 50 MB for each. The sum is asked "
    "for here.",
)
step.near_miss(
    "all of the memory for each processor",
    lambda v: [submit(v.job, f"-n {v.cpus} --mem-per-cpu {v.memory}")],
    rejected_by="share",
    reason="other-memory",
    explain="`--mem` is what the job gets on each of its machines, and `--mem-per-cpu` what it "
    "gets for each processor. Whoever names neither gets 50 MB for each. The sum is asked "
    "for here.",
)
step.near_miss(
    "all machines, and a processor of each",
    lambda v: [submit(v.job, f"-N 3 -n {PROCESSORS} --mem-per-cpu {v.each}")],
    rejected_by="share",
    reason="other-share",
)
step.near_miss(
    "it has ended",
    lambda v: [f"srun -J {v.job} {size(v)} hostname"],
    rejected_by="share",
    reason="ended",
    explain="When what a job runs has ended, the job has ended too, and its share is free again. "
    "Give it something that lasts, such as `sleep 1d`.",
)
step.near_miss(
    "behind another one",
    lambda v: [
        submit("first", f"-n {PROCESSORS}"),
        until_running("first"),
        submit(v.job, size(v)),
    ],
    rejected_by="share",
    reason="waits",
    explain="Another job has the processors. `squeue` shows which, and `scancel` with its number "
    "takes it away.",
)
step.near_miss(
    "twice",
    lambda v: [submit(v.job, size(v)), submit(v.job, size(v))],
    rejected_by="share",
    reason="several-jobs",
    explain="Each `sbatch` is a new job, also under the same name. Take one of them away with "
    "`scancel` and its number.",
)
step.near_miss(
    "another name",
    lambda v: [submit(f"{v.job}s", size(v))],
    rejected_by="share",
    reason="other-name",
)
