"""The jobs that run: they end with the bench, and the farm is told not to start them again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lab_engine.families.slurm.agent import controller

kinds: Final[tuple[str, ...]] = ()


def there() -> dict[str, str]:
    """Raises DaemonDown when the controller does not answer."""
    return {
        f"slurm-job/{one['name']}": f"job {one['name']}"
        for one in controller.listed("jobs")
        if one["job_state"][0] == "RUNNING"
    }


def again(keys: Sequence[str]) -> dict[str, str]:
    """Nothing: a job that has ended is submitted anew by whoever wants it."""
    return {}
