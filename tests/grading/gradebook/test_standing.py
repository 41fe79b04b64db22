"""Points by tasks, weights, hints and lateness; and which attempt counts."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from lab_engine.grading.gradebook import marks
from lab_engine.grading.gradebook.book import Gradebook, Word
from lab_engine.grading.gradebook.graded import Graded
from lab_engine.grading.gradebook.standing import Standing, standings
from tests.grading import made
from tests.grading.assignment.test_terms import assignment

TWO = '[{ slug = "bridges", weight = 3 }, { slug = "other" }]'


def test_points_by_tasks_hints_and_weights() -> None:
    terms = assignment(lessons=TWO, points="20")
    half = made.lesson_grade(made.task("a"), made.task("b", "fail"))
    hinted = made.lesson_grade(made.task("a", hints=1), lesson="other")
    assert marks.of_lesson(half) == Fraction(1, 2)
    assert marks.of_lesson(hinted) == Fraction(4, 5)
    # 20 * (3 * 1/2 + 1 * 4/5) / 4
    assert marks.earned(terms, [half, hinted], terms.due) == Fraction(23, 2)
    assert marks.earned(terms, [half], terms.due) == Fraction(15, 2)
    assert marks.earned(terms, [half], terms.due + 1000) == Fraction(27, 4)
    assert marks.earned(terms, [], terms.due) == 0


@pytest.mark.parametrize("outcome", ["given", "fail", "error", "not done", "not replayed"])
def test_only_what_was_reproduced_earns(outcome: str) -> None:
    assert marks.of_lesson(made.lesson_grade(made.task("a", outcome))) == 0  # type: ignore[arg-type]


def test_the_worst_lesson_is_the_outcome() -> None:
    good = made.lesson_grade()
    diverged = made.lesson_grade(outcome="diverged")
    unknown = made.lesson_grade(outcome="not replayable")
    assert marks.outcome([good]) == "reproduced"
    assert marks.outcome([good, diverged]) == "diverged"
    assert marks.outcome([diverged, unknown, good]) == "not replayable"


def stands(path: Path, *gradings: Graded, words: tuple[Word, ...] = (), **terms: str) -> Standing:
    with Gradebook.writing(path / "book.sqlite") as book:
        for one in gradings:
            book.add(one)
        for word in words:
            book.say(word)
        return standings(book, assignment(points="20", **terms), made.ROSTER)[0]


def test_all_of_the_class_are_there(tmp_path: Path) -> None:
    with Gradebook.writing(tmp_path / "book.sqlite") as book:
        book.add(made.graded("bob"))
        book.add(made.graded("eve"))
        found = standings(book, assignment(), made.ROSTER)
    assert [(one.learner, one.state) for one in found] == [
        ("ada", "nothing handed in"), ("bob", "reproduced"), ("cyd", "nothing handed in"),
        ("dan", "nothing handed in"), ("eve", "reproduced"),
    ]  # fmt: skip
    assert found[0].earned is None
    assert found[-1].look == "not in the list of the class"


TRIES = (
    made.graded(submission="a", received=1.0, earned=8.0),
    made.graded(submission="b", received=2.0, earned=12.0),
    made.graded(submission="c", received=3.0, earned=10.0),
    made.graded(submission="d", received=4.0, earned=20.0),
)


@pytest.mark.parametrize(
    ("attempts", "counts", "earned"),
    [("1", "best", 8.0), ("3", "best", 12.0), ("3", "last", 10.0), ("9", "best", 20.0)],
)
def test_which_attempt_counts(tmp_path: Path, attempts: str, counts: str, earned: float) -> None:
    got = stands(tmp_path, *reversed(TRIES), attempts=attempts, counts=f'"{counts}"')
    assert (got.earned, got.attempts) == (earned, 4)
    assert ("count." in "".join(got.comments)) == (attempts != "9")


def test_what_a_person_must_look_at_is_never_zero(tmp_path: Path) -> None:
    unknown = made.lesson_grade(outcome="not replayable", message="not replayable: a password")
    got = stands(
        tmp_path,
        made.graded(earned=8.0),
        made.graded("ada", unknown, submission="b", received=BEFORE, earned=None,
                    outcome="not replayable"),
        attempts="2",
    )  # fmt: skip
    assert got.earned is None
    assert got.state == "not replayable"
    assert "a password" in got.look


BEFORE = made.BEGAN - 5


def test_an_override_counts_until_it_is_lifted(tmp_path: Path) -> None:
    def word(points: float | None, at: float) -> Word:
        return Word("ada", "week-3", "override", points, "shown to me", "prof", at)

    comment = Word("ada", "week-3", "comment", None, "Well done.", "prof", 1.0)
    got = stands(tmp_path, made.graded(), words=(word(15.0, 1.0), comment, word(17.0, 2.0)))
    assert (got.earned, got.state, got.comments) == (17.0, "overridden", ("Well done.",))
    got = stands(tmp_path, words=(word(None, 3.0),))
    assert (got.earned, got.state) == (10.0, "reproduced")
