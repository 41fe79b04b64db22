"""The union filesystem: folders stacked by hand, then the same stack below containers."""
# isort: skip_file
# Importing declares the steps, in this order.

from __future__ import annotations

from labs.union_filesystem.values import lab
from labs.union_filesystem import merge, write, container, image, root

__all__ = ["container", "image", "lab", "merge", "root", "write"]
