"""From a folder and a description to a pod: runc, crun, containerd, and the CRI."""
# isort: skip_file
# Importing declares the steps, in this order.

from __future__ import annotations

from labs.runtimes.values import lab
from labs.runtimes import bundle, states, containerd, shim, pod

__all__ = ["bundle", "containerd", "lab", "pod", "shim", "states"]
