"""The syllabus: every part of the source by id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab_engine.course.text import front
from lab_engine.errors import ContentError


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
