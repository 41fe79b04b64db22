"""What the home screen shows: how far each lesson is, what to take up, what is next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from lab_engine.course.lesson import Course, Lesson, load_course
from lab_engine.errors import InfralabError
from lab_engine.session import which
from lab_engine.session.record import Record, SessionRow

__all__ = ["LessonState", "Overview", "load_course", "read"]


@dataclass(frozen=True, slots=True)
class LessonState:
    """How far a lesson is. `steps` says of each step whether it is done, in order."""

    steps: tuple[bool, ...]
    session: SessionRow | None = None

    @property
    def done(self) -> int:
        return sum(self.steps)

    @property
    def whole(self) -> bool:
        return bool(self.steps) and all(self.steps)

    @property
    def begun(self) -> bool:
        return self.session is not None or any(self.steps)


@dataclass(frozen=True)
class Overview:
    """The course with the learner's progress. Made off the loop: it reads files."""

    course: Course
    states: dict[str, LessonState]
    lost: tuple[SessionRow, ...] = ()
    """Open sessions in lessons that the course has no more."""

    @property
    def current(self) -> SessionRow | None:
        """The session that was touched last."""
        rows = [state.session for state in self.states.values() if state.session]
        return max(rows, key=lambda row: row.touched, default=None)

    @property
    def next(self) -> Lesson | None:
        """The first lesson, in the source's order, that is not done."""
        return next((one for one in self.course.lessons if not self.states[one.slug].whole), None)

    def minutes_left(self, lesson: Lesson) -> int:
        state = self.states[lesson.slug]
        if len(state.steps) != len(lesson.steps):
            return lesson.minutes
        return sum(s.minutes for s, done in zip(lesson.steps, state.steps, strict=True) if not done)


def read(course: Course, record: Record) -> Overview:
    """Read the progress in all lessons. A lesson that is broken counts as not begun."""
    passed = record.passed_tasks()
    sessions: dict[str, SessionRow] = {}
    for row in which.of_learners(record):
        sessions.setdefault(row.lesson, row)
    states = {
        lesson.slug: LessonState(
            tuple(_steps(lesson, passed, sessions.get(lesson.slug), record)),
            sessions.get(lesson.slug),
        )
        for lesson in course.lessons
    }
    return Overview(course, states, tuple(which.lost(record, states)))


def _steps(
    lesson: Lesson,
    passed: set[tuple[str, str, str]],
    row: SessionRow | None,
    record: Record,
) -> Iterator[bool]:
    """A step with tasks is done when all were passed; one without, when a later one was begun."""
    if not any(slug == lesson.slug for slug, _, _ in passed) and row is None:
        # Nothing was done here: the labs need not be imported to say so.
        with suppress(InfralabError):
            yield from (False for _ in lesson.steps)
        return
    try:
        steps = lesson.steps
        known = {
            step.name: {(lesson.slug, step.name, task.id) for task in step.tasks} for step in steps
        }
        asked = {step.name: set(step.question_ids) for step in steps}
    except InfralabError:
        return
    reached = max((n for n, step in enumerate(steps) if known[step.name] & passed), default=-1)
    for n, step in enumerate(steps):
        if known[step.name]:
            yield known[step.name] <= passed
        elif asked[step.name] and row is not None:
            answered = record.answered(row.id, step.name)
            yield all(answered.get(name) for name in asked[step.name]) or n < reached
        else:
            yield n < reached
