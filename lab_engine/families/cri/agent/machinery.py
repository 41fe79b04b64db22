"""Which processes are those of the containerd that speaks the CRI."""

from __future__ import annotations

from typing import Final

from lab_engine.families.cri.family import FAMILY
from lab_engine.kernel.processes import Process

SETTINGS: Final = "/usr/lib/infralab/cri.toml"


def whole(process: Process) -> bool:
    """The daemon, its shims, and the pods, which are in an inventory of their own."""
    if process.name == "containerd":
        return SETTINGS in process.argv
    socket = FAMILY.daemon.socket if FAMILY.daemon else ""
    return process.name.startswith("containerd-shim") and socket in process.argv


def alone(process: Process) -> bool:
    """Nothing: what belongs to the daemon is whole."""
    return False
