"""Run every rule over some lessons, with several seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab_engine.course.faults import course_faults, faults
from lab_engine.course.lesson import Course, Lesson
from lab_engine.course.lint import drawings, lines, order, proof, taught, wording
from lab_engine.course.lint.finding import Finding
from lab_engine.course.seed import Seed
from lab_engine.errors import ContentError

# Several, since a fault may lie in what only some seeds draw.
SEEDS = ("lint-a", "lint-b", "lint-c")


def lint_course(course: Course, lessons: Sequence[Lesson] | None = None) -> list[Finding]:
    """Some lessons, or all, and what is wrong between them and the others."""
    lessons = course.lessons if lessons is None else lessons
    places = {lesson.where for lesson in lessons}
    between = [_as_finding(fault) for fault in course_faults(course) if fault.where in places]
    return sorted({*between, *lint(lessons)})


def lint(lessons: Sequence[Lesson], seeds: Sequence[str] = SEEDS) -> list[Finding]:
    """Everything found, by place. A fault that is the same for every seed is given once."""
    found: dict[Finding, None] = {}
    for lesson in lessons:
        for finding in _lesson(lesson, seeds):
            found.setdefault(finding)
    return sorted(found)


def _lesson(lesson: Lesson, seeds: Sequence[str]) -> Iterator[Finding]:
    broken = False
    for seed in seeds:
        for fault in faults(lesson, Seed(seed)):
            broken = True
            yield _as_finding(fault)
    if broken:
        # The other rules need a lesson that is whole.
        return
    yield from order.findings(lesson)
    yield from drawings.findings(lesson, lesson.variables(Seed(seeds[0])).as_text())
    yield from lines.findings(lesson)
    for seed in seeds:
        variables = lesson.variables(Seed(seed))
        yield from proof.findings(lesson, variables)
        yield from wording.findings(lesson, variables)
        yield from taught.findings(lesson, variables)


def _as_finding(fault: ContentError) -> Finding:
    return Finding(fault.where, "fault", fault.message.removeprefix(f"{fault.where}: "), fault.hint)
