"""Which processes are those of the bench's Slurm."""

from __future__ import annotations

from typing import Final

from lab_engine.kernel import proc
from lab_engine.kernel.processes import Process

PROGRAMS: Final = frozenset(
    {"/usr/sbin/slurmctld-wlm", "/usr/sbin/slurmd-wlm", "/usr/sbin/slurmstepd-wlm"}
)
"""As Debian calls the files to which its alternatives lead."""


def whole(process: Process) -> bool:
    """The daemons, and the keeper of each step with all in it: jobs are in an inventory."""
    return process.name.startswith("slurm") and proc.target(f"{process.pid}/exe") in PROGRAMS


def alone(process: Process) -> bool:
    """Nothing: what belongs to the daemons is whole."""
    return False
