"""Namespaces by hand: one step for each of the six that the source lists, and all at once."""

from __future__ import annotations

from labs.namespaces import ipc, look, mnt, network, pid, together, user, uts
from labs.namespaces.values import lab

__all__ = ["ipc", "lab", "look", "mnt", "network", "pid", "together", "user", "uts"]
