"""Several machines of one file: ports, names and a network between them."""
# isort: skip_file
# Importing declares the steps, in this order.

from __future__ import annotations

from labs.vagrant_together.values import lab
from labs.vagrant_together import port, two, cable

__all__ = ["cable", "lab", "port", "two"]
