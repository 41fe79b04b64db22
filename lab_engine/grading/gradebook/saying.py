"""What an instructor says to a learner's work, added to the gradebook."""

from __future__ import annotations

from typing import Final, Literal

from lab_engine.errors import UsageError
from lab_engine.grading.assignment.terms import Assignment
from lab_engine.grading.classroom import Classroom
from lab_engine.grading.gradebook.book import Gradebook, Word, now

MOST: Final = 10
"""So many times an assignment's points an override may set: more is a slip of a finger."""


def say(
    classroom: Classroom,
    assignment: Assignment,
    learner: str,
    kind: Literal["comment", "override"],
    text: str,
    *,
    author: str,
    points: float | None = None,
) -> Word:
    """Add a word, and give it as it was written.

    Args:
        classroom: whose gradebook it is.
        assignment: what it is about.
        learner: their id.
        kind: an override sets the points.
        text: the comment, or the reason of an override.
        author: who says so.
        points: of an override; None lifts the one before.

    Raises UsageError for what cannot be said, or while another infralab writes; InfralabError.
    """
    if not text.strip():
        raise UsageError(f"the {kind} needs words", hint="Say why.")
    if not author.strip():
        raise UsageError(f"the {kind} needs an author", hint="Say who you are.")
    if classroom.roster().learner(learner) is None:
        raise UsageError(f"nobody in the class is called {learner!r}")
    most = MOST * assignment.points
    # Compared so that what is no number at all is refused, too.
    if points is not None and not 0 <= points <= most:
        raise UsageError(f"{points:g} points are not between 0 and {most:g}")
    word = Word(
        learner,
        assignment.id,
        kind,
        points if kind == "override" else None,
        text.strip(),
        author.strip(),
        now(),
    )
    with Gradebook.writing(classroom.gradebook) as book:
        book.say(word)
    return word
