"""An operating system of the learner's own: built from parts, in memory, with a memory."""
# isort: skip_file
# Importing declares the steps, in this order.

from __future__ import annotations

from labs.micro_os.values import lab
from labs.micro_os import boot, keep, var

__all__ = ["boot", "keep", "lab", "var"]
