"""Which processes are those of the bench's Open vSwitch."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lab_engine.kernel import processes
from lab_engine.kernel.processes import Process

FOLDER: Final = Path("/run/openvswitch")
PROGRAMS: Final = frozenset({"ovsdb-server", "ovs-vswitchd"})


def whole(process: Process) -> bool:
    """The two daemons; one that a learner started beside them has another pidfile."""
    if process.name not in PROGRAMS:
        return False
    ours = processes.of_pidfile(FOLDER / f"{process.name}.pid")
    return ours is not None and ours.pid == process.pid


def alone(process: Process) -> bool:
    """Nothing: what belongs to the daemons is whole."""
    return False
