"""Where the desk is, and the names of what changes there."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

Change = Literal[
    "phase",
    "progress",
    "step",
    "verdicts",
    "picture",
    "hints",
    "answers",
    "given",
    "typing",
    "asked",
]


class Phase(StrEnum):
    """Where the desk is."""

    EMPTY = "empty"
    OPENING = "opening"
    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"
    STOPPED = "stopped"
    """The learner stopped it; what was begun is undone."""
