"""A farm as parts of the picture: each machine is a box, each job a frame around its share."""

from __future__ import annotations

from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.slurm.probes import SlurmJob, SlurmMachine, SlurmProbe


async def read(questions: Questions, parts: Parts) -> None:
    """Add the machines, and the jobs that have not ended, with what of a machine they have."""
    (farm,) = await questions.all([SlurmProbe()])
    for machine in farm.machines if farm else ():
        _machine(machine, parts)
    for job in farm.jobs if farm else ():
        if job.active:
            _job(job, parts)


def _machine(one: SlurmMachine, parts: Parts) -> None:
    free = one.cpus - one.cpus_given
    facts = (
        ("state", one.state.lower()),
        ("processors", f"{one.cpus_given} of {one.cpus} given"),
        ("memory", f"{one.memory_given} of {one.memory} MB given"),
    )
    key = f"slurm-machine/{one.name}"
    parts.add(Node(key, "slurm-machine", one.name, f"{free} of {one.cpus} free", True, facts))


def _job(job: SlurmJob, parts: Parts) -> None:
    running = [step for step in job.steps if step.running]
    facts = [("number", str(job.id)), ("share", f"{job.cpus} processors, {job.memory} MB")]
    if job.running:
        facts.append(("steps", f"{len(running)} running, {len(job.steps) - len(running)} ended"))
    else:
        facts.append(("waits for", job.reason))
    key = f"slurm-job/{job.id}"
    parts.add(Node(key, "slurm-job", job.name, job.state.lower(), job.running, tuple(facts)))
    for machine, cpus in job.given.items():
        parts.join(f"slurm-machine/{machine}", key, f"{cpus} CPU")
