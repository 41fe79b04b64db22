"""Which steps cover a part of the syllabus, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from lab_engine.course.lesson import Lesson, Step
from lab_engine.course.proven import ProofState, Proven
from lab_engine.course.syllabus import Entry

How = Literal["real", "nearest", "question", "missing"]
"""How a part is covered, best first.

`real`: a probe reads a resource that the step's task changed, which the step's last proof has seen.
`nearest`: the same with something that stands in for the system named (a simulated API, a file that
is parsed), or not seen yet. `question`: the learner answers about it. `missing`: text alone, or
nothing.
"""
BEST_FIRST: tuple[How, ...] = ("real", "nearest", "question", "missing")
NOT_REAL: Final[Mapping[ProofState, str]] = {
    "parsed": "its checks saw nothing change but files that were written",
    "stale": "not proven since it changed",
    "unproven": "not proven yet",
}
"""Why a step counts as nearest though nothing stands in."""


@dataclass(frozen=True, slots=True)
class Cover:
    """One step that covers an entry. `why` says what stands in, or what else makes it nearest."""

    lesson: str
    step: str
    how: How
    why: str = ""


@dataclass(frozen=True, slots=True)
class Covered:
    """An entry with its steps; `how` is the best of theirs."""

    entry: Entry
    how: How
    by: tuple[Cover, ...]


def cover(lesson: Lesson, step: Step, proven: Proven) -> Cover:
    """What the step's tasks and questions make of its syllabus ids."""
    if not step.tasks:
        return Cover(lesson.slug, step.name, "question" if step.question_ids else "missing")
    if step.instead:
        return Cover(lesson.slug, step.name, "nearest", step.instead)
    standing = proven.state(lesson, step)
    how: How = "real" if standing == "real" else "nearest"
    return Cover(lesson.slug, step.name, how, NOT_REAL.get(standing, ""))


def coverage(
    entries: Mapping[str, Entry], lessons: Iterable[Lesson], proven: Proven
) -> list[Covered]:
    """Every entry with the steps that cover it, by what was seen of them when they were proven."""
    covers: dict[str, list[Cover]] = {identifier: [] for identifier in entries}
    for lesson in lessons:
        for step in lesson.steps:
            for identifier in step.syllabus:
                covers[identifier].append(cover(lesson, step, proven))
    found: list[Covered] = []
    for identifier, entry in entries.items():
        by = tuple(covers[identifier])
        best = min((c.how for c in by), key=BEST_FIRST.index, default=BEST_FIRST[-1])
        found.append(Covered(entry, best, by))
    return found
