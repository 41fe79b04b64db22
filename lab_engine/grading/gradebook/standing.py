"""What each learner of a class has in an assignment: of several attempts, with overrides."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lab_engine.errors import UsageError
from lab_engine.grading.assignment.terms import Assignment
from lab_engine.grading.classroom import Classroom
from lab_engine.grading.gradebook.book import Gradebook, Word
from lab_engine.grading.gradebook.graded import Graded
from lab_engine.grading.roster.learner import Roster


class Standing(msgspec.Struct, frozen=True):
    """`earned` is None when nothing is decided: nothing was handed in, or a person must look.

    `graded` is the attempt that counts, `attempts` how many there were, `look` why a person must
    look, `override` the word that set the points.
    """

    learner: str
    name: str
    assignment: str
    earned: float | None
    possible: float
    graded: Graded | None
    attempts: int
    look: str
    override: Word | None
    comments: tuple[str, ...]

    @property
    def state(self) -> str:
        """One word or two for a table."""
        if self.override:
            return "overridden"
        if self.graded is None:
            return "nothing handed in"
        return self.graded.outcome


def of_class(classroom: Classroom, assignment: Assignment) -> list[Standing]:
    """As `standings`, from the class's own files.

    Raises UsageError when nobody is in the class or nothing was graded, InfralabError.
    """
    with Gradebook.reading(classroom.gradebook) as book:
        found = standings(book, assignment, classroom.roster())
    if not found:
        raise UsageError("nobody is in the class", hint="`infralab class import LIST` fills it.")
    return found


def standings(book: Gradebook, assignment: Assignment, roster: Roster) -> list[Standing]:
    """In the roster's order; then those who handed in and are not in it."""
    of: dict[str, list[Graded]] = {}
    for graded in book.latest(assignment.id):
        of.setdefault(graded.learner, []).append(graded)
    words: dict[str, list[Word]] = {}
    for word in book.words(assignment.id):
        words.setdefault(word.learner, []).append(word)
    names = {one.id: one.name for one in roster.learners}
    strangers = [one for one in of if one not in names]
    return [
        _standing(assignment, who, names.get(who, ""), of.get(who, []), words.get(who, []))
        for who in (*names, *strangers)
    ]


def _standing(
    assignment: Assignment, who: str, name: str, found: Sequence[Graded], words: Sequence[Word]
) -> Standing:
    counted = found[: assignment.attempts]
    graded = _that_counts(assignment, counted)
    override = next((word for word in reversed(words) if word.kind == "override"), None)
    if override and override.points is None:
        override = None
    comments = [word.text for word in words if word.kind == "comment"]
    if len(found) > len(counted):
        comments.append(f"{len(found)} were handed in; the first {len(counted)} count.")
    look = []
    if graded and graded.outcome != "reproduced":
        look.append(graded.message)
    if graded:
        look += graded.notes
    if not name:
        look.append("not in the list of the class")
    return Standing(
        who,
        name,
        assignment.id,
        override.points if override else graded.earned if graded else None,
        assignment.points,
        graded,
        len(found),
        "; ".join(look),
        override,
        tuple(comments),
    )


def _that_counts(assignment: Assignment, found: Sequence[Graded]) -> Graded | None:
    """One that a person must look at comes before those with points: it may be the best."""
    if not found:
        return None
    if assignment.counts == "last":
        return found[-1]
    return max(found, key=lambda one: float("inf") if one.earned is None else one.earned)
