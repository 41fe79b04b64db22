"""Three engines that act as one: Docker's swarm mode."""

from __future__ import annotations

from labs.swarm import crash, drain, join, placing, quorum, rollback, service, update
from labs.swarm.values import lab

__all__ = ["crash", "drain", "join", "lab", "placing", "quorum", "rollback", "service", "update"]
