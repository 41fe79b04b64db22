"""The hypervisor below: its traces, and how they are forged."""

from __future__ import annotations

from labs.who_runs_below import forge, inside, witnesses
from labs.who_runs_below.values import lab

__all__ = ["forge", "inside", "lab", "witnesses"]
