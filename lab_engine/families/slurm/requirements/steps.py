"""Statements about what runs inside of jobs, step by step (client side)."""

from __future__ import annotations

from lab_engine.common.evidence import See, require
from lab_engine.families.slurm.probes import SlurmJob, SlurmStep
from lab_engine.families.slurm.requirements.jobs import (
    QUEUE,
    jobs_since,
    only_active,
    require_running,
)


def steps_of(job: SlurmJob) -> str:
    """What shows the steps of a job, of which the controller forgets those that have ended."""
    return (
        f"sudo grep -E 'step_create_from_msg: JobId={job.id} StepId|STEP_COMPLETE for "
        f"StepId={job.id}[.]' /var/log/slurm/slurmctld.log || true"
    )


async def require_worked_off(see: See, name: str, tasks: int, *, cpus: int) -> SlurmJob:
    """One job with a share of the farm has run so many steps in it, as many at once as fit.

        await require_worked_off(see, "press", 6, cpus=2)

    By what the controller noted of each step. Of several jobs of that name the latest counts. One
    round trip.

    Reasons: those of `jobs_since`; `a-job-each` (several jobs with a step each), `other-share`,
    `no-steps` (it runs, or has ended, and started none), `too-many-at-once`, `still-runs`,
    `cut-off` (it ended before its steps), `other-count`, `failed`, `one-at-a-time`, `not-full`.

    Args:
        see: the check's way to ask.
        name: the job's.
        tasks: how many steps, each of one processor.
        cpus: the job's share.
    """
    found = await jobs_since(see, name)
    job = found[-1]
    look = steps_of(job)
    small = [one for one in found if len(one.steps) < 2 and one.cpus < cpus]
    require(
        len(small) < tasks,
        "a-job-each",
        expected=f"One job called {name} does all of the work.",
        observed=f"{len(small)} jobs are called so.",
        look=QUEUE,
    )
    require(
        job.cpus == cpus,
        "other-share",
        expected=f"The job {name} has {cpus} processors.",
        observed=f"It asked for {job.cpus}.",
        look=QUEUE,
    )
    require(
        job.at_once <= cpus,
        "too-many-at-once",
        expected=f"Never more than {cpus} steps run at once.",
        observed=f"{job.at_once} did.",
        look=look,
    )
    require(
        job.steps or job.active,
        "no-steps",
        expected=f"The job {name} runs {tasks} steps.",
        observed="It has ended without any.",
        look=look,
    )
    require(
        not job.active,
        "still-runs",
        expected=f"The job {name} has done its work.",
        observed=f"It is {job.state}, with {len(job.steps)} steps so far.",
        look=QUEUE,
    )
    ended = [one for one in job.steps if one.ended]
    signalled = [one for one in ended if one.code & 0x7F]
    require(
        len(ended) == len(job.steps) and not signalled,
        "cut-off",
        expected="Each step ends by itself.",
        observed=f"{max(len(signalled), len(job.steps) - len(ended))} were ended with the job.",
        look=look,
    )
    require(
        len(ended) == tasks,
        "other-count",
        expected=f"The job {name} ran {tasks} steps.",
        observed=f"It ran {len(ended)}.",
        look=look,
    )
    failed = [one.number for one in ended if one.code]
    require(
        not failed,
        "failed",
        expected="Each step ends well.",
        observed=f"Number {', '.join(map(str, failed))} did not.",
        look=look,
    )
    require(
        job.at_once > 1,
        "one-at-a-time",
        expected=f"{cpus} steps run at once.",
        observed="They came one after the other.",
        look=look,
    )
    require(
        job.at_once == cpus,
        "not-full",
        expected=f"{cpus} steps run at once.",
        observed=f"Never more than {job.at_once} did.",
        look=look,
    )
    return job


async def require_kept_alive(see: See, name: str) -> tuple[SlurmJob, SlurmStep]:
    """A step of a job has ended, and the same job runs another one in its place. One round trip.

        job, step = await require_kept_alive(see, "keeper")

    Reasons: those of `jobs_since`; `ended` (no such job runs), `several-jobs`, `waits`,
    `requeued` (the controller began the job anew), `no-steps`, `new-job` (nothing has ended in it,
    but a job of its name was cancelled), `never-fell` (nothing has ended), `not-back`,
    `several-at-once`.

    Returns:
        The job and the step that runs, with its processes.
    """
    found = await jobs_since(see, name)
    job = only_active(found)
    look = steps_of(job)
    require_running(job)
    require(
        not job.restarts,
        "requeued",
        expected=f"The job {name} has run without a break.",
        observed="The controller began it anew.",
        look=f"scontrol show job {job.id}",
    )
    require(
        job.steps,
        "no-steps",
        expected=f"What the job {name} runs is a step of it.",
        observed="It has started none.",
        look=look,
    )
    ended = [one for one in job.steps if one.ended]
    cancelled = any(one.state == "CANCELLED" for one in found)
    require(
        ended or not cancelled,
        "new-job",
        expected="A step has ended, and its job has gone on.",
        observed=f"A job of that name was cancelled, and {job.id} is a new one.",
        look=QUEUE,
    )
    require(
        ended,
        "never-fell",
        expected="A step has ended, and its job has gone on.",
        observed="No step of it has ended yet.",
        look=look,
    )
    running = [one for one in job.steps if one.running]
    require(
        running,
        "not-back",
        expected=f"The job {name} runs a step again.",
        observed="None runs.",
        look="squeue -s",
    )
    require(
        len(running) == 1,
        "several-at-once",
        expected="One step runs.",
        observed=f"{len(running)} do.",
        look="squeue -s",
    )
    return job, running[0]
