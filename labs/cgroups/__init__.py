"""Control groups: a process is held back by a folder and a number, with cgroup v1 and v2."""
# isort: skip_file
# Importing declares the steps, in this order.

from __future__ import annotations

from labs.cgroups.values import lab
from labs.cgroups import group, count, memory, engine

__all__ = ["count", "engine", "group", "lab", "memory"]
