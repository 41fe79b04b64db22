"""Which processes are those of the bench's Incus."""

from __future__ import annotations

from typing import Final

from lab_engine.kernel import proc
from lab_engine.kernel.processes import Process

PROGRAM: Final = "/usr/libexec/incus/incusd"


def whole(process: Process) -> bool:
    """The daemon, what it starts, and the monitor of each instance with all that runs in it."""
    # A monitor is a child of init (lxc(7)) and gives itself another command line.
    return process.name == "incusd" and proc.target(f"{process.pid}/exe") == PROGRAM


def alone(process: Process) -> bool:
    """Nothing: what belongs to the daemon is whole."""
    return False
