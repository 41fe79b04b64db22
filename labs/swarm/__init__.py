"""Three engines that act as one: Docker's swarm mode."""

from __future__ import annotations

from labs.swarm import join
from labs.swarm.values import lab

__all__ = ["join", "lab"]
