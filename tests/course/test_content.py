"""Every lesson loads and lints clean with three seeds, and every command in it is run by a test."""

from __future__ import annotations

import re
import time

import pytest

from lab_engine.course import proven
from lab_engine.course.faults import course_faults, faults
from lab_engine.course.lesson import Course, Lesson, load_course
from lab_engine.course.lint.run import SEEDS, lint
from lab_engine.course.seed import Seed
from lab_engine.course.syllabus import order
from lab_engine.course.text.plain import render_plain
from lab_engine.families.docker.agent.container import TAKEN_FOR_A_NAME

COURSE = load_course()
each_lesson = pytest.mark.parametrize("lesson", COURSE.lessons, ids=lambda lesson: lesson.slug)
each_seed = pytest.mark.parametrize("seed", SEEDS)


@pytest.fixture
def course() -> Course:
    return COURSE


def test_all_fifteen_chapters_in_order(course: Course) -> None:
    assert [c.number for c in course.chapters] == [f"{n:02}" for n in range(1, 16)]
    ids = list(course.syllabus)
    assert len(ids) == 119
    assert ids == sorted(ids, key=order)
    assert {identifier.partition(".")[0] for identifier in ids} == {
        c.number for c in course.chapters
    }


def test_lessons_need_earlier_lessons(course: Course) -> None:
    assert [str(fault) for fault in course_faults(course)] == []


def test_listing_is_quick() -> None:
    def once() -> float:
        began = time.process_time()
        assert load_course().lessons is not None
        return time.process_time() - began

    assert min(once() for _ in range(3)) < 0.05


@each_lesson
@each_seed
def test_is_whole(lesson: Lesson, seed: str) -> None:
    assert [str(fault) for fault in faults(lesson, Seed(seed))] == []


@each_lesson
def test_lints_clean(lesson: Lesson) -> None:
    assert [finding for finding in lint([lesson]) if finding.level == "error"] == []


@each_lesson
def test_what_its_checks_see_is_noted_of_each_step_as_it_is(lesson: Lesson) -> None:
    """`infralab prove LESSON --walk --record` after a change of text or lab."""
    notes = proven.load(COURSE.content)
    standing = {s.name: notes.state(lesson, s) for s in lesson.steps if s.tasks}
    assert [name for name, how in standing.items() if how not in ("real", "parsed")] == []


@each_lesson
@each_seed
def test_every_command_is_covered(lesson: Lesson, seed: str) -> None:
    """A block of commands is run by the proof, or says why it cannot be."""
    for step in lesson.steps:
        for code in step.document(lesson.variables(Seed(seed))).code():
            if code.language == "sh":
                assert code.typed or code.why or code.role == "console", (step.where, code)


@each_lesson
@each_seed
def test_no_variable_is_left_and_plain_text_is_plain(lesson: Lesson, seed: str) -> None:
    variables = lesson.variables(Seed(seed))
    documents = [lesson.introduction(variables)]
    documents += [step.document(variables) for step in lesson.steps]
    for document in documents:
        shown = render_plain(document, 80)
        assert "@{" not in shown
        assert "\x1b" not in shown


def test_no_container_of_ours_has_an_id_that_a_lesson_uses_as_a_name() -> None:
    texts = "\n".join(path.read_text() for path in COURSE.content.rglob("*.md"))
    names = set(re.findall(r"--name[ =]([0-9a-f]+)\b", texts))
    assert "c5" in names
    assert [name for name in sorted(names) if not TAKEN_FOR_A_NAME.match(name)] == []


@each_lesson
def test_learners_differ(lesson: Lesson) -> None:
    """Three learners do not share all their values, so one cannot hand in another's work."""
    drawn = {tuple(lesson.variables(Seed(seed)).as_text().items()) for seed in SEEDS}
    assert len(drawn) > 1
