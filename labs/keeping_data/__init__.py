"""Keeping data: what a container loses, and the four places outside it."""

from __future__ import annotations

from labs.keeping_data import backends, binds, ephemeral, memory, volumes
from labs.keeping_data.values import lab

__all__ = ["backends", "binds", "ephemeral", "lab", "memory", "volumes"]
