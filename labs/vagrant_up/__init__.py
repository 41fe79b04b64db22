"""Machines as a file says: boxes, versions, providers, and what Vagrant does with them."""
# isort: skip_file
# Importing declares the steps, in this order.

from __future__ import annotations

from labs.vagrant_up.values import lab
from labs.vagrant_up import first, versions, providers

__all__ = ["first", "lab", "providers", "versions"]
