"""Why containers: two applications on one system, and what a container is to that system."""

from __future__ import annotations

from labs.why_containers import two, whose
from labs.why_containers.values import lab

__all__ = ["lab", "two", "whose"]
