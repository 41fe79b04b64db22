"""The engine behind the command: its interface, its events, its end, and another machine's."""
# isort: skip_file
# Importing declares the steps, in this order.

from __future__ import annotations

from labs.docker_engine.values import lab
from labs.docker_engine import http, events, restore, far

__all__ = ["events", "far", "http", "lab", "restore"]
