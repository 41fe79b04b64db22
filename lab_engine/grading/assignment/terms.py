"""An assignment, from its TOML file.

id = "week-3"
title = "Walls of a container"
due = 2027-01-31T23:59:00
zone = "Europe/Berlin"
grace = "15m"
points = 20
attempts = 3
counts = "best"                 # or "last"
hints = 1
mode = "assessed"               # or "any"

[late]
penalty = 10                    # percent of the points, for each period that has begun
per = "24h"
most = 50                       # percent

[[lessons]]
slug = "namespaces"
steps = ["uts", "network"]      # all of them when left out
weight = 2
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from lab_engine.common import ordinary, quantities
from lab_engine.course.lesson import Course
from lab_engine.course.text import front
from lab_engine.errors import ContentError, UsageError
from lab_engine.grading.submission.manifest import Slug

LONGEST: Final = 1 << 20

Percent = Annotated[int, Meta(ge=0, le=100)]
Count = Annotated[int, Meta(ge=1, le=1000)]


class LessonTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`steps` that count; all of the lesson's when empty. `weight` is its part of the points."""

    slug: Slug
    steps: tuple[Slug, ...] = ()
    weight: Annotated[float, Meta(gt=0, le=1000)] = 1.0


class LateTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`penalty` percent for each period that has begun, `most` at the most; `per` in seconds."""

    penalty: Percent
    per: str = "24h"
    most: Percent = 100

    @property
    def seconds(self) -> int:
        """Raises ValueError."""
        return quantities.seconds(self.per)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Slug
    title: str
    due: datetime
    lessons: Annotated[tuple[LessonTerms, ...], Meta(min_length=1)]
    zone: str = ""
    grace: str = "0"
    points: Annotated[float, Meta(gt=0, le=100_000)] = 100.0
    attempts: Count = 1
    counts: Literal["best", "last"] = "best"
    hints: Annotated[int, Meta(ge=0, le=10)] = 1
    mode: Literal["assessed", "any"] = "assessed"
    late: LateTerms = LateTerms(100)


class Assignment(msgspec.Struct, frozen=True):
    """`due` is in seconds since 1970 and `due_text` what people are told; `grace` is seconds."""

    id: str
    title: str
    due: float
    due_text: str
    grace: int
    points: float
    attempts: int
    counts: Literal["best", "last"]
    hints: int
    mode: Literal["assessed", "any"]
    late: LateTerms
    lessons: tuple[LessonTerms, ...]

    def lesson(self, slug: str) -> LessonTerms | None:
        return next((one for one in self.lessons if one.slug == slug), None)


def read(path: Path) -> Assignment:
    """Raises ContentError that names the key that is wrong, UsageError without such a file."""
    try:
        text = ordinary.text(path, LONGEST)
    except FileNotFoundError:
        raise UsageError(f"there is no assignment {path}", hint="Is its name right?") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"cannot be read: {error}", where=str(path)) from None
    return parse(front.table(text, where=str(path)), where=str(path))


def parse(table: dict[str, Any], *, where: str) -> Assignment:
    """The assignment that a TOML table says. Raises ContentError."""
    file = front.convert(table, _File, where=where)
    due = _due(file, where)
    slugs = [one.slug for one in file.lessons]
    if len(set(slugs)) != len(slugs):
        raise ContentError("names a lesson twice", where=where)
    try:
        grace = quantities.seconds(file.grace)
        if file.late.seconds < 1:
            raise ValueError(f"per = {file.late.per!r} is no time at all")
    except ValueError as error:
        raise ContentError(str(error), where=where) from None
    return Assignment(
        file.id,
        file.title,
        due.timestamp(),
        f"{due:%Y-%m-%d %H:%M %Z}".strip(),
        grace,
        file.points,
        file.attempts,
        file.counts,
        file.hints,
        file.mode,
        file.late,
        file.lessons,
    )


def _due(file: _File, where: str) -> datetime:
    """The moment. A wall clock's time needs a zone, and must be a time that its clocks show."""
    if file.due.tzinfo is not None:
        if file.zone:
            raise ContentError("due has an offset already, and zone says another", where=where)
        return file.due
    if not file.zone:
        raise ContentError(
            f"due = {file.due.isoformat()} is at no known place",
            where=where,
            hint='Add zone = "Europe/Berlin", or write an offset: 2027-01-31T23:59:00+01:00.',
        )
    try:
        zone = ZoneInfo(file.zone)
    except (ValueError, OSError, KeyError):
        # A zone's name is a path below a folder of the system's: it may be any odd text.
        raise ContentError(
            f"zone = {file.zone!r} is no time zone of this machine",
            where=where,
            hint="Such as Europe/Berlin or UTC; Debian has them in the package tzdata.",
        ) from None
    due = file.due.replace(tzinfo=zone)
    # PEP 495: a time that a clock skips comes back from UTC as another one.
    if due.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != file.due:
        raise ContentError(
            f"due = {file.due.isoformat()} does not exist in {file.zone}",
            where=where,
            hint="The clocks are put forward then: take an hour later.",
        )
    if due.utcoffset() != due.replace(fold=1).utcoffset():
        # It comes twice that night; the later one is for the learner.
        due = due.replace(fold=1)
    return due


def verify(assignment: Assignment, course: Course) -> None:
    """Raises UsageError when it names a lesson or step that the course does not have."""
    for one in assignment.lessons:
        lesson = course.lesson(one.slug)
        for step in one.steps:
            lesson.step(step)


def until(assignment: Assignment) -> datetime:
    """The last moment that is not late."""
    return datetime.fromtimestamp(assignment.due, UTC) + timedelta(seconds=assignment.grace)
