"""Whether lessons and steps follow the source, and cover what they claim."""

from __future__ import annotations

from collections.abc import Iterator

from lab_engine.course import cover, proven, syllabus
from lab_engine.course.lesson import Lesson, part_of
from lab_engine.course.lint.finding import Finding

OFF_BY = 0.25
"""The share by which a lesson's minutes may differ from the sum of its steps'."""
UNPROVEN = (cover.NOT_REAL["stale"], cover.NOT_REAL["unproven"])


def findings(lesson: Lesson) -> Iterator[Finding]:
    notes = proven.load(lesson.folder.parent)
    ids = [syllabus.order(identifier) for identifier in lesson.syllabus]
    if ids != sorted(ids):
        yield Finding(lesson.where, "order", "syllabus is not in the source's order", "Sort it.")
    if part_of(lesson.number) != lesson.syllabus[0]:
        yield Finding(
            lesson.where,
            "order",
            f"the folder says {lesson.number}, the first syllabus id is {lesson.syllabus[0]}",
            "Number the folder after the first id.",
        )
    far: tuple[int, ...] = (0,)
    covered: dict[str, cover.How] = {}
    for step in lesson.steps:
        if step.syllabus:
            first = min(syllabus.order(identifier) for identifier in step.syllabus)
            if first < far:
                yield Finding(
                    step.where,
                    "order",
                    f"begins with {step.syllabus[0]}, but an earlier step is already further on",
                    "Follow the source, or move the step.",
                )
            far = max(far, first)
        its = cover.cover(lesson, step, notes)
        if notes.notes and not step.instead and its.why in UNPROVEN:
            yield Finding(
                step.where,
                "not-recorded",
                f"{its.why}: `infralab syllabus` counts it as nearest",
                f"Run `infralab prove {lesson.slug} --step {step.name} --walk --record`.",
                "advice",
            )
        for identifier in step.syllabus:
            covered[identifier] = min(
                its.how, covered.get(identifier, its.how), key=cover.BEST_FIRST.index
            )
    for identifier in lesson.syllabus:
        if covered.get(identifier, "missing") == "missing":
            yield Finding(
                lesson.where,
                "not-covered",
                f"no step with a task or a question covers {identifier}",
                "Add one, or take the id out.",
            )
    total = sum(step.minutes for step in lesson.steps)
    if abs(total - lesson.minutes) > lesson.minutes * OFF_BY:
        yield Finding(
            lesson.where,
            "minutes",
            f"minutes = {lesson.minutes}, but the steps add up to {total}",
            f"Write minutes = {total}.",
            "advice",
        )
