"""Whole systems: committed, deployed beside each other, taken back, cut into snaps, and signed."""
# isort: skip_file
# Importing declares the steps, in this order.

from __future__ import annotations

from labs.atomic_updates.values import lab
from labs.atomic_updates import commit, deploy, first, back, snap, signed

__all__ = ["back", "commit", "deploy", "first", "lab", "signed", "snap"]
