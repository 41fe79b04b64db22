"""Grades in the form that Canvas and Moodle import: the exported list, with a column of points."""

from __future__ import annotations

from collections.abc import Sequence

from lab_engine.errors import UsageError
from lab_engine.grading.assignment.terms import Assignment
from lab_engine.grading.export.tables import number
from lab_engine.grading.gradebook.standing import Standing
from lab_engine.grading.roster import exported, table
from lab_engine.grading.roster.learner import Roster

_CANVAS_KEYS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_MOODLE_KEYS = ("First name", "Surname", "Last name", "Username", "ID number", "Email address")


def canvas(roster: Roster, assignment: Assignment, standings: Sequence[Standing]) -> str:
    """Into the assignment's column where the list has one, else a new one of its title.

    Canvas tells an assignment by its column's heading, `TITLE (ID)`. What is not decided is left
    empty, which changes nothing there. Raises UsageError for a list that is not Canvas's.
    """
    _require(roster, "canvas")
    keys = [key for key in _CANVAS_KEYS if key in roster.heading]
    column = next(
        (one for one in roster.heading if one.startswith(f"{assignment.title} (")),
        assignment.title,
    )
    of = {one.learner: one for one in standings}
    possible = [exported.POINTS, *[""] * (len(keys) - 1), number(assignment.points)]
    rows = [[*keys, column], possible]
    for learner in roster.learners:
        cells = [learner.row.get(key, "") for key in keys]
        rows.append([*cells, number(of[learner.id].earned if learner.id in of else None)])
    return table.write(rows)


def moodle(roster: Roster, assignment: Assignment, standings: Sequence[Standing]) -> str:
    """With the columns by which Moodle finds a user, the points and the feedback.

    Raises UsageError for a list that is not Moodle's.
    """
    _require(roster, "moodle")
    keys = [key for key in _MOODLE_KEYS if key in roster.heading]
    of = {one.learner: one for one in standings}
    rows = [[*keys, assignment.title, "Feedback comments"]]
    for learner in roster.learners:
        standing = of.get(learner.id)
        cells = [learner.row.get(key, "") for key in keys]
        words = " ".join(standing.comments) if standing else ""
        rows.append([*cells, number(standing.earned if standing else None), table.harmless(words)])
    return table.write(rows)


def _require(roster: Roster, source: str) -> None:
    if roster.source != source:
        raise UsageError(
            f"the class was imported from a list of kind {roster.source}, not {source}",
            hint=f"Import the list that {source} exports: `infralab class import`.",
        )
