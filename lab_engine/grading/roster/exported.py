"""The lists of learners that are known, each by its headings.

Canvas: "Student", "ID", "SIS User ID", "SIS Login ID", "Section", then assignments; a row "Points
Possible" and often a test student. Moodle: "First name", "Surname" (or "Last name"), "ID number",
"Email address", sometimes "Username". A plain one: any of `PLAIN` and perhaps "name" and "email".
Sources: "Gradebook CSV import/export" in the Canvas guides, "Grade export" in Moodle's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from lab_engine.errors import UsageError
from lab_engine.grading.roster import table
from lab_engine.grading.roster.learner import Learner, Roster, Source

CANVAS: Final = ("Student", "ID", "SIS Login ID", "Section")
MOODLE: Final = ("First name", "Email address")
PLAIN: Final = ("learner", "id", "login", "username", "student id", "matriculation")
POINTS: Final = "Points Possible"
_TEST_STUDENT: Final = "Student, Test"
_OTHER: Final = re.compile(r"[^A-Za-z0-9._@+-]+")


def read(path: Path) -> Roster:
    """The learners of an exported list. Raises UsageError that says what is missing."""
    return parse(table.read(path), path.name)


def parse(rows: Sequence[Sequence[str]], name: str = "the list") -> Roster:
    """Raises UsageError."""
    if not rows:
        raise UsageError(f"{name} is empty", hint="Export it again, as CSV.")
    heading = tuple(cell.strip() for cell in rows[0])
    named = [dict(zip(heading, (cell.strip() for cell in row), strict=False)) for row in rows[1:]]
    lower = {cell.lower(): cell for cell in heading}
    source: Source
    if set(CANVAS) <= set(heading):
        source, found = "canvas", _canvas(named)
    elif set(MOODLE) <= set(heading):
        source, found = "moodle", _moodle(named)
    elif key := next((lower[word] for word in PLAIN if word in lower), None):
        source, found = "plain", _plain(named, key, lower)
    else:
        raise UsageError(
            f"{name} is no list of learners that infralab knows: {', '.join(heading)[:200]}",
            hint="Give the column with what they log in with the heading `learner`.",
        )
    _once(found, name)
    return Roster(source, heading, tuple(found))


def _canvas(rows: Iterable[dict[str, str]]) -> list[Learner]:
    return [
        _learner((row["SIS Login ID"], row.get("SIS User ID", ""), row["ID"]), row["Student"], row)
        for row in rows
        if row["Student"] not in ("", POINTS, _TEST_STUDENT) and row.get("ID")
    ]


def _moodle(rows: Iterable[dict[str, str]]) -> list[Learner]:
    found = []
    for row in rows:
        last = row.get("Surname", "") or row.get("Last name", "")
        email = row["Email address"]
        who = (row.get("Username", ""), row.get("ID number", ""), email)
        found.append(_learner(who, f"{row['First name']} {last}".strip(), row, email))
    return found


def _plain(rows: Iterable[dict[str, str]], key: str, lower: dict[str, str]) -> list[Learner]:
    name, email = lower.get("name", ""), lower.get("email", "")
    return [
        _learner((row[key],), row.get(name, "") or row[key], row, row.get(email, ""))
        for row in rows
        if row.get(key)
    ]


def _learner(who: Sequence[str], name: str, row: dict[str, str], email: str = "") -> Learner:
    """By the first name that they log in with, without what a file's name could not have."""
    login = next((one for one in who if one), "")
    identity = _OTHER.sub("-", login).strip("-.@+_")[:80]
    if not identity:
        raise UsageError(
            f"{name or 'somebody'} has no name to log in with", hint="Fill in that column."
        )
    return Learner(identity, name, email, row)


def _once(found: Sequence[Learner], name: str) -> None:
    if not found:
        raise UsageError(f"nobody is in {name}", hint="Export it again, as CSV.")
    # Of two that differ only in case, a file system may make one.
    for identity, count in Counter(one.id.lower() for one in found).items():
        if count > 1:
            raise UsageError(
                f"{name} has {count} learners called {identity!r}",
                hint="Each needs a name of their own to log in with.",
            )
