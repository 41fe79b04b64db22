"""Two engines and nobody above them: what orchestration has to answer, done once by hand."""

from __future__ import annotations

from labs.five_questions import names, room, storage, wire
from labs.five_questions.values import lab

__all__ = ["lab", "names", "room", "storage", "wire"]
