"""From tasks to points: hints, weights of lessons, late work. Exact until it is written down."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from lab_engine.grading.assignment import lateness
from lab_engine.grading.assignment.terms import Assignment
from lab_engine.grading.gradebook.graded import LessonGrade, Outcome
from lab_engine.session import points


def of_lesson(lesson: LessonGrade) -> Fraction:
    """The part of a lesson's points that was earned, from 0 to 1."""
    possible = sum(task.points for task in lesson.tasks)
    earned = sum(
        (points.worth(task.points, task.hints) for task in lesson.tasks if task.outcome == "pass"),
        Fraction(0),
    )
    return earned / possible if possible else Fraction(1)


def earned(assignment: Assignment, lessons: Sequence[LessonGrade], received: float) -> Fraction:
    """Of `assignment.points`. Lessons without a grade earn nothing."""
    by_slug = {one.lesson: one for one in lessons}
    weights = [Fraction(one.weight) for one in assignment.lessons]
    parts = [
        of_lesson(by_slug[one.slug]) if one.slug in by_slug else Fraction(0)
        for one in assignment.lessons
    ]
    whole = sum((w * p for w, p in zip(weights, parts, strict=True)), Fraction(0)) / sum(weights)
    return Fraction(assignment.points) * whole * lateness.factor(assignment, received)


def outcome(lessons: Sequence[LessonGrade]) -> Outcome:
    """The worst of them."""
    found = {one.outcome for one in lessons}
    if "not replayable" in found:
        return "not replayable"
    return "diverged" if "diverged" in found else "reproduced"
