"""Answers about a farm (agent side)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.slurm import probes as s
from lab_engine.families.slurm.agent import controller
from lab_engine.families.slurm.agent.controller import number
from lab_engine.kernel import proc, processes

STEPD: Final = "/usr/sbin/slurmstepd-wlm"
_TITLE: Final = re.compile(r"slurmstepd: \[(\d+)\.(\d+|batch)\]")
"""It names itself after the step that it holds; that of the script is `[4.batch]`."""


def read(_: s.SlurmProbe) -> s.SlurmReading:
    jobs = controller.listed("jobs")
    running = {one["id"]: one for one in controller.listed("steps")}
    # After the list of what runs: a step that ended between the two has ended.
    noted = controller.noted(controller.log())
    held = members() if running else {}
    programs: dict[int, set[str]] = {}
    for (owner, _step), below in held.items():
        programs.setdefault(owner, set()).update(" ".join(one.argv) for one in below)
    steps: dict[int, list[s.SlurmStep]] = {}
    for (job, at), (began, ended, code) in sorted(noted.items()):
        told = {} if ended else running.get(f"{job}.{at}", {})
        step = s.SlurmStep(
            at,
            began,
            ended,
            code,
            told.get("name", ""),
            int(told.get("number_cpus", 0)),
            tuple(one.pid for one in held.get((job, str(at)), ())) if told else (),
        )
        steps.setdefault(job, []).append(step)
    machines = tuple(_machine(one) for one in controller.listed("nodes"))
    found = [
        _job(
            one,
            steps.get(one["job_id"], []),
            programs.get(one["job_id"], set()),
            # Machines of different sizes are no part of any lesson: the least is what is sure.
            min((machine.cpus for machine in machines), default=0),
        )
        for one in jobs
    ]
    return s.SlurmReading(
        last=max((one.id for one in found), default=0),
        machines=machines,
        jobs=tuple(sorted(found, key=lambda one: one.id)),
    )


def _machine(told: dict[str, Any]) -> s.SlurmMachine:
    return s.SlurmMachine(
        told["name"],
        ",".join(told["state"]),
        told["cpus"],
        told["real_memory"],
        told["alloc_cpus"],
        told["alloc_memory"],
    )


def _job(
    told: dict[str, Any], steps: list[s.SlurmStep], programs: set[str], size: int
) -> s.SlurmJob:
    # One that was cancelled while it waited has a time of its start too, and never had a machine.
    share = told.get("job_resources") or {}
    given = (share.get("nodes") or {}).get("allocation") or []
    state = told["job_state"][0]
    cpus = number(told["cpus"]) or 0
    each = number(told["memory_per_cpu"])
    memory = each * cpus if each is not None else 0
    if each is None and (whole := number(told["memory_per_node"])):
        memory = whole * max(1, len(given) or (number(told["node_count"]) or 1))
    active = state in s.ACTIVE
    if told["shared"] == ["none"]:
        # `--exclusive`: until it runs, only what it named is told, and not what it would get.
        cpus = max(cpus, size * (number(told["node_count"]) or 1))
    return s.SlurmJob(
        id=told["job_id"],
        name=told["name"],
        user=told["user_name"],
        state=state,
        reason=told["state_reason"],
        partition=told["partition"],
        cpus=cpus,
        memory=memory,
        given={one["name"]: one["cpus"]["count"] for one in given},
        asked_for=told["required_nodes"],
        minutes=number(told["time_limit"]),
        batch=told["batch_flag"],
        submitted=number(told["submit_time"]) or 0,
        # Of one that waits it is the time at which it is expected to begin.
        began=(number(told["start_time"]) or 0) if given and state != "PENDING" else 0,
        ended=0 if active else number(told["end_time"]) or 0,
        restarts=told["restart_cnt"],
        steps=tuple(steps),
        programs=tuple(sorted(programs)),
    )


def members() -> dict[tuple[int, str], tuple[processes.Process, ...]]:
    """Of each step that runs, by its job's number and its name, all processes below its keeper."""
    among = processes.every()
    found: dict[tuple[int, str], tuple[processes.Process, ...]] = {}
    for process in among.values():
        title = _TITLE.match(process.argv[0]) if process.argv else None
        if title and proc.target(f"{process.pid}/exe") == STEPD:
            below = processes.descendants([process.pid], among) - {process.pid}
            key = int(title[1]), title[2]
            found[key] = (*found.get(key, ()), *(among[pid] for pid in sorted(below)))
    return found


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {s.SlurmProbe: read}
