"""Whether a diagram is whole: with each learner's names its boxes are closed, and it fits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lab_engine.course.lesson import Lesson
from lab_engine.course.lint.finding import Finding
from lab_engine.course.seed import Seed
from lab_engine.course.text import columns, front, names

WIDEST: Final = 73
"""Columns that a text has on a screen of 160: as many as the narrower one of 80 has, or fewer."""
SEEDS: Final = tuple(str(number) for number in range(1, 21))
"""Names differ in length from seed to seed, and it takes some until the longest has been drawn."""
_UPRIGHT: Final = "|│┃║"
_DOWN: Final = "┌┐╭╮┬"
_UP: Final = "└┘╰╯┴"
_TOP: Final = re.compile(r"[+┌╭][-─][^+┌┐╭╮]*?[-─][+┐╮]")

Row = tuple[int, str]
"""A line of a diagram and its number in the file."""


def findings(lesson: Lesson) -> Iterator[Finding]:
    """Of each diagram the first fault of a kind, with the first seed that shows it."""
    drawn = [(seed, lesson.variables(Seed(seed)).as_text()) for seed in SEEDS]
    texts = {lesson.where: lesson.folder / "lesson.md"}
    texts |= {step.where: step.source for step in lesson.steps}
    for where, path in texts.items():
        for diagram in diagrams(front.read(path, where=where)):
            found: dict[str, Finding] = {}
            for seed, variables in drawn:
                for finding in _faults(diagram, variables, where, seed):
                    found.setdefault(finding.fix, finding)
            yield from found.values()


def diagrams(source: str) -> Iterator[list[Row]]:
    """The lines of each diagram in a text."""
    rows: list[Row] = []
    for number, (line, inside) in enumerate(columns.marked(source), 1):
        if inside:
            rows.append((number, line))
        elif rows:
            yield rows
            rows = []


def _faults(
    diagram: Sequence[Row], variables: Mapping[str, str], where: str, seed: str
) -> Iterator[Finding]:
    lines = []
    for number, source in diagram:
        place = f"{where}:{number}"
        line = names.draw(source, variables, where=place)
        lines.append(line.text)
        if line.over:
            yield Finding(
                place,
                "torn",
                f"the value of a name pushes away what stands right of it (seed {seed})",
                f"Leave {line.over} more blanks between them.",
            )
        if len(line.text) > WIDEST:
            yield Finding(
                place,
                "wide",
                f"the diagram has {len(line.text)} columns, and the text's pane {WIDEST}",
                "Draw it narrower, or from top to bottom.",
            )
    for row, column in open_edges(lines):
        yield Finding(
            f"{where}:{diagram[row][0]}",
            "torn",
            f"the “{lines[row][column]}” in column {column + 1} meets nothing (seed {seed})",
            "Draw with the names as they stand in the source: each edge below the other.",
        )


def open_edges(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where an edge has nothing above and below it, or a box is not closed: row and column."""
    for row, line in enumerate(lines):
        for column, sign in enumerate(line):
            above, below = _at(lines, row - 1, column), _at(lines, row + 1, column)
            if (
                (sign in _UPRIGHT and not above and not below)
                or (sign in _DOWN and not below)
                or (sign in _UP and not above)
            ):
                yield row, column
        for top in _TOP.finditer(line):
            yield from _box(lines, row, top.start(), top.end() - 1)


def _box(lines: Sequence[str], top: int, left: int, right: int) -> Iterator[tuple[int, int]]:
    """The rows below a box's upper edge: as long as it has a left side, it has a right one."""
    for row in range(top + 1, len(lines)):
        here = _at(lines, row, left)
        if not here or here not in _UPRIGHT:
            return
        if not _at(lines, row, right):
            yield row, left
            return


def _at(lines: Sequence[str], row: int, column: int) -> str:
    """The sign at a place; nothing for a blank, and outside."""
    line = lines[row] if 0 <= row < len(lines) else ""
    return line[column].strip() if column < len(line) else ""
