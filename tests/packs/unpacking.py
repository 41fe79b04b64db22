"""What the programs of a pack's build need, which run in its container and here for their tests."""

from __future__ import annotations

import tarfile

import pytest

needs_filters = pytest.mark.skipif(
    not hasattr(tarfile, "tar_filter"),
    reason="this Python's tarfile has no filters; that of the build container has",
)
