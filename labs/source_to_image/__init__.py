"""Images without a Dockerfile: a builder image, its scripts, and whom the result runs as."""

from __future__ import annotations

from labs.source_to_image import any_user, build, builder, incremental
from labs.source_to_image.values import lab

__all__ = ["any_user", "build", "builder", "incremental", "lab"]
