"""Mistakes of a class, put together by task and reason: what to teach again."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lab_engine.grading.gradebook.graded import Graded
from lab_engine.shown import shown


class Mistake(msgspec.Struct, frozen=True):
    """One way in which a task went wrong.

    `reason` is that of the check; `explanation` that of the near miss which has the same state,
    else what was expected. `learners` made it, `of` did the task at all.
    """

    lesson: str
    step: str
    task: str
    reason: str
    explanation: str
    learners: tuple[str, ...]
    of: int

    @property
    def told(self) -> str:
        """Such as `14 of 31: namespaces/uts/own-name: old-name: You left out ...`."""
        where = f"{self.lesson}/{self.step}/{self.task}"
        return shown(
            f"{len(self.learners)} of {self.of}: {where}: {self.reason}: {self.explanation}"
        )


def mistakes(gradings: Iterable[Graded]) -> list[Mistake]:
    """The most frequent first. Of each learner the last grading counts."""
    last = {one.learner: one for one in gradings}
    made: dict[tuple[str, str, str, str], list[str]] = {}
    words: dict[tuple[str, str, str, str], str] = {}
    did: dict[tuple[str, str, str], set[str]] = {}
    for graded in last.values():
        for lesson in graded.lessons:
            for task in lesson.tasks:
                place = (lesson.lesson, task.step, task.task)
                if task.recorded:
                    did.setdefault(place, set()).add(graded.learner)
                if task.reason and task.outcome in ("fail", "not done"):
                    key = (*place, task.reason)
                    made.setdefault(key, []).append(graded.learner)
                    # An explanation is the author's; what was expected has the learner's values.
                    words[key] = task.explanation or words.get(key, "") or task.expected
    found = [
        Mistake(*key, words[key], tuple(sorted(who)), len(did.get(key[:3], ())))
        for key, who in made.items()
    ]
    return sorted(found, key=lambda one: (-len(one.learners), one.lesson, one.step, one.task))
