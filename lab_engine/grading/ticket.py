"""What a learner gets for an assignment: one small TOML file with their seed and the terms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from lab_engine.common import ordinary
from lab_engine.course.text import front
from lab_engine.errors import ContentError, UsageError
from lab_engine.grading.assignment.terms import Assignment
from lab_engine.grading.submission.manifest import LearnerId, Slug

LONGEST: Final = 1 << 16


class Ticket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`due` is for people; the instructor's file is what counts."""

    assignment: Slug
    title: str
    learner: LearnerId
    seed: Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
    due: str
    mode: Literal["assessed", "any"]
    lessons: Annotated[tuple[Slug, ...], Meta(min_length=1)]


def made(assignment: Assignment, learner: str, seed: str) -> Ticket:
    lessons = tuple(one.slug for one in assignment.lessons)
    return Ticket(
        assignment.id,
        assignment.title,
        learner,
        seed,
        assignment.due_text,
        assignment.mode,
        lessons,
    )


def written(ticket: Ticket) -> str:
    """The file's text, with what to do with it."""
    lines = [
        "# Your ticket. Do not share it: the names and numbers in your lessons come from it.",
        "# Work:     infralab up LESSON --ticket THIS-FILE     (then: infralab shell, check)",
        "# Hand in:  infralab submit --ticket THIS-FILE",
    ]
    for name, value in msgspec.to_builtins(ticket).items():
        # A JSON text is a basic string of TOML as well, and a list of them an array.
        lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def read(path: Path) -> Ticket:
    """Raises UsageError without such a file, ContentError when it is none."""
    try:
        text = ordinary.text(path, LONGEST)
    except FileNotFoundError:
        raise UsageError(f"there is no ticket {path}", hint="Is its name right?") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"cannot be read: {error}", where=str(path)) from None
    return front.convert(front.table(text, where=str(path)), Ticket, where=str(path))
