"""When a step is done, and a lesson: one meaning for every screen, list and page.

A step is done when each of its tasks was accepted once and each of its questions answered rightly
once, in whatever session. What the learner changes afterwards does not take that back. A step with
nothing to do is done when a later one was worked in, or with all others. A lesson is done when all
its steps are.
"""

from __future__ import annotations

from collections.abc import Iterable

from lab_engine.course.lesson import Lesson, Step
from lab_engine.session.record import Record

Named = tuple[str, str, str]
"""Lesson, step, and the id of a task or a question."""


class Done:
    """What a record knows of it, read when it is made.

    Example::

        Done(record).steps(course.lesson("namespaces"))     # (True, True, False, ...)
    """

    def __init__(self, record: Record) -> None:
        self._passed = record.passed_tasks()
        self._right = record.right_answers()
        self._begun = {slug for slug, _, _ in self._passed | self._right}

    def begun(self, lesson: Lesson) -> bool:
        """Whether anything in it was ever done."""
        return lesson.slug in self._begun

    def steps(self, lesson: Lesson) -> tuple[bool, ...]:
        """Of each step whether it is done. Raises InfralabError when the lesson is broken."""
        if not self.begun(lesson):
            # The lab need not be imported to say so.
            return (False,) * len(lesson.steps)
        tasks = [_named(lesson, step, (task.id for task in step.tasks)) for step in lesson.steps]
        asked = [_named(lesson, step, step.question_ids) for step in lesson.steps]
        pairs = list(zip(tasks, asked, strict=True))
        worked = [bool(t & self._passed or q & self._right) for t, q in pairs]
        last = max((n for n, in_it in enumerate(worked) if in_it), default=-1)
        whole = [t <= self._passed and q <= self._right for t, q in pairs]
        every = all(whole)
        return tuple(whole[n] if t or q else n < last or every for n, (t, q) in enumerate(pairs))

    def lesson(self, lesson: Lesson) -> bool:
        """Whether all its steps are done. Raises InfralabError when the lesson is broken."""
        return bool(lesson.steps) and all(self.steps(lesson))


def _named(lesson: Lesson, step: Step, ids: Iterable[str]) -> set[Named]:
    return {(lesson.slug, step.name, name) for name in ids}
