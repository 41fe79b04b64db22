"""Which edition of a lesson or a step this is: a hash of its texts and its lab.

The engine is no part of it: a better engine makes no other lesson.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab_engine.course.lesson import Lesson, Step


def of_step(lesson: Lesson, step: Step) -> str:
    """Over the step's text and all of its lesson's lab. Raises ContentError without a lab."""
    return _hash([step.source, *_lab(lesson)])


def of_lesson(lesson: Lesson) -> str:
    """Over all texts of a lesson and its lab. Raises ContentError without a lab."""
    return _hash([*sorted(lesson.folder.glob("*.md")), *_lab(lesson)])


def _lab(lesson: Lesson) -> list[Path]:
    return sorted(lesson.lab_folder.rglob("*.py"))


def _hash(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        data = path.read_bytes()
        # With the length, so that no text can move from one file to the next unseen.
        digest.update(f"{path.name} {len(data)}\n".encode() + data)
    return digest.hexdigest()
