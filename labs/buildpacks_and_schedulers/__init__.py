"""A buildpack of one's own: it knows its apps, builds them, and says how they are started."""

from __future__ import annotations

from labs.buildpacks_and_schedulers import build, detect, scheduler
from labs.buildpacks_and_schedulers.values import lab

__all__ = ["build", "detect", "lab", "scheduler"]
