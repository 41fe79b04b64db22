"""A share of several machines, which nobody has chosen by name."""

from __future__ import annotations

from lab_engine.authoring import See, require, require_job
from labs.two_level_scheduling.values import PROCESSORS, Values, lab, submit, until_running

step = lab.step("share", daemons=("slurm",))

DAY = 24 * 60
ASLEEP = ("sleep 1d", "sleep 24h", "sleep 1440m", "sleep 86400", "sleep 86400s")
"""A day, in the words of sleep(1)."""


@step.check("share", settle=3.0)
async def share(see: See, v: Values) -> None:
    job = await require_job(see, v.job, cpus=v.cpus, memory=v.memory)
    require(
        job.user == "learner",
        "other-user",
        expected=f"The job {v.job} is yours.",
        observed=f"It is {job.user}'s.",
        look="squeue",
    )
    require(
        job.minutes is None or job.minutes >= DAY,
        "short-limit",
        expected=f"The job {v.job} may run for a day.",
        observed=f"Its limit is {job.minutes} min.",
        look="squeue -o '%.5i %.10j %.10T %.4C %.10l'",
    )
    its = [one for one in job.programs if "slurm_script" not in one]
    require(
        any(one.rpartition("/")[2] in ASLEEP for one in its),
        "other-program",
        expected=f"The job {v.job} runs `sleep 1d`.",
        observed=f"It runs {', '.join(its) or 'nothing'}.",
        look="ps -eo pid,ppid,args | grep -A 3 '[s]lurmstepd: '",
    )


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
step.near_miss(
    "more for each than a machine has",
    lambda v: [submit(v.job, f"-c {v.cpus}") + " || true"],
    rejected_by="share",
    reason="no-such-share",
    explain="`sbatch` has refused it, as it said: no machine here could ever give that. `-c` is "
    "for processors of one machine, of which each has two, and 1000 MB. `-N` is for machines, of "
    "which there are three. `-n` is for processors wherever they are.",
)
step.near_miss(
    "taken away",
    lambda v: [submit(v.job, size(v)), until_running(v.job), f"scancel -n {v.job}"],
    rejected_by="share",
    reason="cancelled",
    explain="`scancel` has taken the job away, so its share is free again. Submit it once more, "
    "and leave it there.",
)
step.near_miss(
    "held back",
    lambda v: [submit(v.job, f"{size(v)} --hold")],
    rejected_by="share",
    reason="held-back",
    explain="There may be room, but it was told to wait (`-H`, or `scontrol hold`). `scontrol "
    "release` with its number takes that back.",
)
step.near_miss(
    "for a later time",
    lambda v: [submit(v.job, f"{size(v)} --begin now+1hour")],
    rejected_by="share",
    reason="begins-later",
    explain="There may be room, but it has said when it begins at the earliest. Take it away with "
    "`scancel`, and submit it without `--begin`.",
)
step.near_miss(
    "something else that lasts",
    lambda v: [submit(v.job, size(v), "tail -f /dev/null"), until_running(v.job)],
    rejected_by="share",
    reason="other-program",
)
step.near_miss(
    "a limit of a minute",
    lambda v: [submit(v.job, f"{size(v)} -t 1"), until_running(v.job)],
    rejected_by="share",
    reason="short-limit",
    explain="`-t` or `--time` is a limit, and a bare number is minutes. Then it is ended, whatever "
    "it runs.",
)
step.near_miss(
    "by root",
    lambda v: ["sudo " + submit(v.job, size(v)), until_running(v.job)],
    rejected_by="share",
    reason="other-user",
    explain="With `sudo` it is root's job. Nobody needs to be root to submit one.",
)
