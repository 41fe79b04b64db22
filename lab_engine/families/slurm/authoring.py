"""What a lab may ask about Slurm."""

from __future__ import annotations

from lab_engine.families.slurm.probes import (
    SlurmJob,
    SlurmMachine,
    SlurmProbe,
    SlurmReading,
    SlurmStep,
)
from lab_engine.families.slurm.requirements.jobs import (
    jobs_since,
    require_ahead,
    require_job,
    require_placed_jobs,
)
from lab_engine.families.slurm.requirements.steps import (
    require_kept_alive,
    require_worked_off,
)

__all__ = [
    "SlurmJob",
    "SlurmMachine",
    "SlurmProbe",
    "SlurmReading",
    "SlurmStep",
    "jobs_since",
    "require_ahead",
    "require_job",
    "require_kept_alive",
    "require_placed_jobs",
    "require_worked_off",
]
