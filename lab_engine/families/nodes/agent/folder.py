"""Where the disks of nodes are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path("/var/lib/docker/nodes")
"""The disks of nodes, each with its name. Below Docker's own: a layered file system cannot hold
another one's layers. It is there as long as any node is."""
