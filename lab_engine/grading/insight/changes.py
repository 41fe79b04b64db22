"""What another edition of the checks makes of the same work: who changes, and why."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lab_engine.grading.export.junit import why
from lab_engine.grading.export.tables import number
from lab_engine.grading.gradebook.graded import Graded, TaskGrade
from lab_engine.shown import shown


class Change(msgspec.Struct, frozen=True):
    """One submission that comes out otherwise; `reasons` say which task, and what of it."""

    learner: str
    file: str
    before: float | None
    after: float | None
    reasons: tuple[str, ...]

    @property
    def told(self) -> str:
        points = f"{number(self.before) or '-'} -> {number(self.after) or '-'}"
        return shown(f"{self.learner}: {points}: {'; '.join(self.reasons)}")


def changes(before: Iterable[Graded], after: Iterable[Graded]) -> list[Change]:
    """Of submissions that are in both, those that differ, in the order of learners."""
    old = {one.submission: one for one in before}
    found = []
    for new in after:
        was = old.get(new.submission)
        if was is None:
            continue
        reasons = _reasons(was, new)
        if reasons or was.earned != new.earned:
            rest = reasons or ("the terms of the assignment",)
            found.append(Change(new.learner, new.file, was.earned, new.earned, tuple(rest)))
    return sorted(found, key=lambda one: (one.learner, one.file))


def _reasons(was: Graded, new: Graded) -> list[str]:
    found = []
    if was.outcome != new.outcome:
        found.append(f"{was.outcome} is now {new.outcome}")
    old = dict(_tasks(was))
    checkers = {one.lesson: one.checkers for one in was.lessons}
    fresh = {one.lesson: one.checkers for one in new.lessons}
    for key, task in _tasks(new):
        before = old.get(key)
        if before is None:
            found.append(f"{'/'.join(key)} is new")
        elif before.outcome != task.outcome:
            lesson, step, _ = key
            same = checkers[lesson].get(step) == fresh[lesson].get(step)
            told = "" if task.outcome == "pass" else f" ({why(task)})"
            found.append(
                f"{'/'.join(key)} was {before.outcome}, is {task.outcome}{told}, "
                f"with {'the same check' if same else 'another edition of its check'}"
            )
        elif before.points != task.points:
            found.append(f"{'/'.join(key)} had {before.points} points, has {task.points}")
    found += [f"{'/'.join(key)} is gone" for key in old.keys() - dict(_tasks(new)).keys()]
    return found


def _tasks(graded: Graded) -> Iterable[tuple[tuple[str, str, str], TaskGrade]]:
    for lesson in graded.lessons:
        for task in lesson.tasks:
            yield (lesson.lesson, task.step, task.task), task
