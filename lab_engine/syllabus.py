"""The syllabus: every part of the source by id, and which steps cover it, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from lab_engine.errors import ContentError
from lab_engine.text import front

if TYPE_CHECKING:
    from lab_engine.lesson import Lesson, Step
    from lab_engine.proof.proven import Proven, Standing

How = Literal["real", "nearest", "question", "missing"]
"""How a part is covered, best first.

`real`: a probe reads a resource that the step's task changed, which the step's last proof has seen.
`nearest`: the same with something that stands in for the system named (a simulated API, a file that
is parsed), or not seen yet. `question`: the learner answers about it. `missing`: text alone, or
nothing.
"""
BEST_FIRST: tuple[How, ...] = ("real", "nearest", "question", "missing")
NOT_REAL: Final[Mapping[Standing, str]] = {
    "parsed": "its checks saw nothing change but files that were written",
    "stale": "not proven since it changed",
    "unproven": "not proven yet",
}
"""Why a step counts as nearest though nothing stands in."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of `content/syllabus.tsv`. `lines` are those of the source's notes."""

    id: str
    lines: str
    heading: str
    systems: tuple[str, ...]

    @property
    def order(self) -> tuple[int, ...]:
        return order(self.id)


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


def order(identifier: str) -> tuple[int, ...]:
    """`07.10` as (7, 10), so that it comes after `07.9`."""
    return tuple(int(part) for part in identifier.split("."))


def load(path: Path, *, where: str) -> Mapping[str, Entry]:
    """Read the table, by id in the source's order.

    Raises:
        ContentError: a row with another number of columns, or an id twice.
    """
    entries: dict[str, Entry] = {}
    for number, line in enumerate(front.read(path, where=where).splitlines(), 1):
        cells = line.split("\t")
        if len(cells) != 4 or cells[0] in entries:
            fault = "id twice" if cells[0] in entries else f"{len(cells)} columns, not 4"
            raise ContentError(fault, where=f"{where}:{number}")
        if number > 1:
            systems = tuple(s.strip() for s in cells[3].split(",") if s.strip())
            entries[cells[0]] = Entry(cells[0], cells[1], cells[2], systems)
    return entries


def cover(lesson: Lesson, step: Step, proven: Proven) -> Cover:
    """What the step's tasks and questions make of its syllabus ids."""
    if not step.tasks:
        return Cover(lesson.slug, step.name, "question" if step.question_ids else "missing")
    if step.instead:
        return Cover(lesson.slug, step.name, "nearest", step.instead)
    standing = proven.standing(lesson, step)
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
