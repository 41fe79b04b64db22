"""Which edition of a lesson or a step this is: a hash of what a verdict on it depends on.

Of the engine only the words that a step's checks are written in are part of it: a better engine
makes no other lesson.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lab_engine.course import pack, used

if TYPE_CHECKING:
    from lab_engine.course.lesson import Course, Lesson, Step


def of_step(lesson: Lesson, step: Step) -> str:
    """Over a step's text, its part of the lab and the words in it, what the lab gives, the packs.

    Raises ContentError without a lab.
    """
    modules = used.modules(lesson, step.name)
    parts = [(step.source.name, step.source.read_bytes())]
    parts += [(module.__name__, Path(str(module.__file__)).read_bytes()) for module in modules]
    parts += [(name, text.encode()) for name, text in sorted(used.words(modules).items())]
    parts += [(path.name, path.read_bytes()) for path in used.given(modules)]
    if lesson.packs:
        parts += [(one.name, one.digest().encode()) for one in pack.chain(lesson.packs)]
    return _hash(parts)


def of_lesson(lesson: Lesson) -> str:
    """Over all texts of a lesson and its lab. Raises ContentError without a lab."""
    texts = sorted(lesson.folder.glob("*.md"))
    lab = sorted(lesson.lab_folder.rglob("*.py"))
    return _hash((path.name, path.read_bytes()) for path in (*texts, *lab))


def of_files(texts: Mapping[str, bytes], lab: Mapping[str, bytes]) -> str:
    """As `of_lesson`, of a lesson whose files are in memory, by their paths."""
    pairs = (
        *((name, data) for name, data in sorted(texts.items()) if name.endswith(".md")),
        *((name, data) for name, data in sorted(lab.items()) if name.endswith(".py")),
    )
    return _hash((name.rpartition("/")[2], data) for name, data in pairs)


def of_course(course: Course) -> str:
    """Over all texts of the course, without the labs: those are part of each lesson's edition."""
    return _hash(
        (path.relative_to(course.content).as_posix(), path.read_bytes())
        for path in sorted(course.content.rglob("*"))
        if path.suffix in (".md", ".toml", ".tsv")
    )


def _hash(parts: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for name, data in parts:
        # With the length, so that no text can move from one part to the next unseen.
        digest.update(f"{name} {len(data)}\n".encode() + data)
    return digest.hexdigest()
