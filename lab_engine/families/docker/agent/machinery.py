"""Which processes are those of the bench's main engine."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lab_engine.kernel.processes import Process

DOCKERD_NUMBER: Final = Path("/run/docker.pid")
CONTAINERD_SOCKET: Final = "/run/containerd/containerd.sock"


def whole(process: Process) -> bool:
    """The engine, its containerd and its containers, with all that runs below them."""
    if process.name == "containerd":
        # One with settings of its own is somebody else's.
        return len(process.argv) == 1
    if process.name.startswith("containerd-shim"):
        return CONTAINERD_SOCKET in process.argv
    # A learner may run a second engine: only the one that wrote this number is ours.
    return process.name == "dockerd" and process.pid == _dockerd()


def alone(process: Process) -> bool:
    """Nothing: what belongs to the engine is whole."""
    return False


def _dockerd() -> int:
    try:
        return int(DOCKERD_NUMBER.read_text())
    except (FileNotFoundError, ValueError):
        return 0
