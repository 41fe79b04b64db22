"""A batch whose lessons are graded by a function instead of in a bench."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab_engine import settings
from lab_engine.course.lesson import Course
from lab_engine.grading.batch import graders
from lab_engine.grading.batch.run import Wanted
from lab_engine.grading.classroom import Classroom
from lab_engine.grading.gradebook.graded import LessonGrade
from lab_engine.grading.roster.learner import Learner, Roster
from tests.grading import made
from tests.grading.assignment.test_terms import assignment

Grade = Callable[..., Awaitable[LessonGrade]]


async def passed(*given: Any) -> LessonGrade:
    await asyncio.sleep(0.01)
    return made.lesson_grade()


def wanted(
    course: Course, folder: Path, learners: list[str], *, benches: int = 1, grade: Grade = passed
) -> Wanted:
    """The class is made once in the folder, and opened after that."""
    room = Classroom(folder)
    if not (folder / "class.key").exists():
        room = Classroom.new(folder)
        room.keep(Roster("plain", ("login",), tuple(Learner(who, who) for who in learners)))
    terms = assignment(points="20")
    own = replace(settings.load(), data_dir=folder / "data")
    return Wanted(
        course, terms, room, graders.of(course, terms), own, benches=benches, grade_lesson=grade
    )


def submissions(room: Classroom, to: Path, learners: list[str]) -> list[Path]:
    to.mkdir(exist_ok=True)
    paths = []
    for who in learners:
        part = made.part(seed=room.seed("week-3", who), session=f"s-{who}")
        path = to / f"{who}.zip"
        path.write_bytes(made.packed(part, learner=who, assignment="week-3"))
        paths.append(path)
    return paths
