"""The jobs that have not ended, and machines that somebody has said something about.

Keys: `slurm-job/NAME`, and `slurm-machine/NAME` only for one that takes no jobs.
"""

from __future__ import annotations

import time
from typing import Any, Final

from lab_engine.common.patience import patient
from lab_engine.errors import ProviderError
from lab_engine.families.slurm.agent import controller
from lab_engine.families.slurm.probes import ACTIVE

_JOB: Final = "slurm-job/"
_MACHINE: Final = "slurm-machine/"
_CLOSED: Final = ("DRAIN", "DOWN", "FAIL")
_LIMIT: Final = patient(15.0)
_LOOK_SECONDS: Final = 0.1


def entries() -> dict[str, str]:
    """Every job with its state and size, and every machine that is closed."""
    found: dict[str, str] = {}
    for job in _active():
        state = job["job_state"][0].lower()
        told = f"{state}, {controller.number(job['cpus'])} processors"
        key = f"{_JOB}{job['name']}"
        # A name can be had by several; a removal takes all.
        found[key] = f"{found[key]} and {told}" if key in found else told
    for machine in controller.listed("nodes"):
        closed = [word for word in machine["state"] if word in _CLOSED]
        if closed:
            found[f"{_MACHINE}{machine['name']}"] = ", ".join(closed).lower()
    return found


def _active() -> list[dict[str, Any]]:
    return [one for one in controller.listed("jobs") if one["job_state"][0] in ACTIVE]


def remove(key: str) -> None:
    """End the jobs of a name, or open a machine. Absent is no error."""
    if key.startswith(_MACHINE):
        name = key.removeprefix(_MACHINE)
        controller.ask("scontrol", "update", f"NodeName={name}", "State=RESUME")
        return
    name = key.removeprefix(_JOB)
    end = time.monotonic() + _LIMIT
    asked: set[object] = set()
    while left := [one["job_id"] for one in _active() if one["name"] == name]:
        if time.monotonic() > end:
            raise ProviderError(f"the job {name} does not end", resource=key)
        # A script that is killed may have started another job before.
        for job in left:
            if job not in asked:
                asked.add(job)
                # At once: a shell that waits for a step does not hear the polite word.
                controller.ask("scancel", "--full", "--signal=KILL", str(job))
                controller.ask("scancel", str(job))
        time.sleep(_LOOK_SECONDS)
