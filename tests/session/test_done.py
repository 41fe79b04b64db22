"""When a step counts as done, in whatever session and order it was worked in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.course.lesson import Lesson
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.session.done import Done
from lab_engine.session.record import Record
from tests.kit import Kit

ASKS = """
:::: question driver kind=choice
Which driver does it have?
- [x] bridge | It is a switch.
- [ ] overlay | That one spans hosts.
::::
"""
READ = '+++\ntitle = "{}"\nsyllabus = []\nminutes = 2\n+++\nRead this.\n'
PASSED = [Verdict("create", Outcome.PASS, 2)]


@pytest.fixture
def lesson(kit: Kit) -> Lesson:
    """Read it; a task and a question; read it; a question; read it."""
    one = "content/07.6-bridges/10-one.md"
    kit.write(one, (kit.root / one).read_text() + ASKS)
    kit.write("content/07.6-bridges/05-first.md", READ.format("First"))
    kit.write("content/07.6-bridges/20-between.md", READ.format("Between"))
    kit.write("content/07.6-bridges/30-asked.md", READ.format("Asked") + ASKS)
    kit.write("content/07.6-bridges/40-last.md", READ.format("Last"))
    return kit.lesson()


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    made = Record(tmp_path / "progress.sqlite")
    for session in ("s1", "s2"):
        made.begin(session, "bridges", "seed")
    yield made
    made.close()


def test_nothing_is_done_in_a_lesson_that_was_only_opened(lesson: Lesson, record: Record) -> None:
    record.enter("s1", "one", {})
    assert Done(record).steps(lesson) == (False,) * 5
    assert not Done(record).begun(lesson)


def test_a_step_wants_its_tasks_and_its_questions(lesson: Lesson, record: Record) -> None:
    record.verdicts("s1", "one", PASSED)
    # What was to be read before it was read.
    assert Done(record).steps(lesson) == (True, False, False, False, False)
    record.answer("s1", "one", "driver", "overlay", correct=False)
    assert not Done(record).steps(lesson)[1]
    # In another session, where the task was not done.
    record.answer("s2", "one", "driver", "bridge", correct=True)
    assert Done(record).steps(lesson) == (True, True, False, False, False)


def test_what_was_done_stays_done(lesson: Lesson, record: Record) -> None:
    record.verdicts("s1", "one", PASSED)
    record.answer("s1", "one", "driver", "bridge", correct=True)
    record.verdicts("s1", "one", [Verdict("create", Outcome.FAIL, 2)])
    record.answer("s1", "one", "driver", "overlay", correct=False)
    record.end("s1")
    assert Done(record).steps(lesson)[1]


def test_a_step_that_was_passed_by_is_not_done(lesson: Lesson, record: Record) -> None:
    record.answer("s1", "asked", "driver", "bridge", correct=True)
    assert Done(record).steps(lesson) == (True, False, True, True, False)
    assert not Done(record).lesson(lesson)


def test_a_lesson_is_done_with_all_that_is_to_do_in_it(lesson: Lesson, record: Record) -> None:
    record.verdicts("s1", "one", PASSED, given=True)
    record.answer("s1", "one", "driver", "bridge", correct=True)
    record.answer("s1", "asked", "driver", "bridge", correct=True)
    assert Done(record).lesson(lesson)
    assert Done(record).steps(lesson) == (True,) * 5
