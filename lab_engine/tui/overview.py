"""What the home screen shows: how far each lesson is, what to take up, what is next."""

from __future__ import annotations

from dataclasses import dataclass

from lab_engine.course.lesson import Course, Lesson, load_course
from lab_engine.errors import InfralabError
from lab_engine.session import which
from lab_engine.session.done import Done
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
    done = Done(record)
    sessions: dict[str, SessionRow] = {}
    for row in which.of_learners(record):
        sessions.setdefault(row.lesson, row)
    states = {
        lesson.slug: LessonState(_steps(lesson, done), sessions.get(lesson.slug))
        for lesson in course.lessons
    }
    return Overview(course, states, tuple(which.lost(record, states)))


def _steps(lesson: Lesson, done: Done) -> tuple[bool, ...]:
    try:
        return done.steps(lesson)
    except InfralabError:
        return ()
