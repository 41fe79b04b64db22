"""Who may decide where something runs: a farm's controller, and what runs inside of a share."""
# isort: skip_file
# Importing declares the steps, in this order.

from __future__ import annotations

from labs.two_level_scheduling.values import lab
from labs.two_level_scheduling import share, ahead, framework, alive, places

__all__ = ["ahead", "alive", "framework", "lab", "places", "share"]
