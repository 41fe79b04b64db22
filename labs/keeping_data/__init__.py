"""Keeping data: what a container loses, and the four places outside it."""
# isort: skip_file
# Importing declares the steps, in this order.

from __future__ import annotations

from labs.keeping_data.values import lab
from labs.keeping_data import ephemeral, backends, volumes, binds, memory, choice

__all__ = ["backends", "binds", "choice", "ephemeral", "lab", "memory", "volumes"]
