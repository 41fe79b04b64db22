"""A cluster whose control plane is somebody else's, and a container that needs none."""
# isort: skip_file
# Importing declares the steps, in this order.

from __future__ import annotations

from labs.rented_clusters.values import lab
from labs.rented_clusters import tenant, once

__all__ = ["lab", "once", "tenant"]
