"""One task over the class: who did it, and what became of it, mistake by mistake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from lab_engine.grading.gradebook.graded import Graded, TaskGrade
from lab_engine.grading.gradebook.standing import Standing
from lab_engine.grading.insight.mistakes import Mistake, mistakes


class Outcome(msgspec.Struct, frozen=True):
    """A learner at a task. `mistake` is the one that they share with others, if they made one."""

    learner: str
    name: str
    grade: TaskGrade
    mistake: Mistake | None


class ClassTask(msgspec.Struct, frozen=True):
    """A task of an assignment. `outcomes` is in the order of the mistakes, who passed comes last.

    `absent` are those of the class of whom no grading has it.
    """

    lesson: str
    step: str
    task: str
    points: int
    outcomes: tuple[Outcome, ...]
    mistakes: tuple[Mistake, ...]
    absent: tuple[str, ...]

    @property
    def key(self) -> str:
        """Such as `namespaces/uts/own-name`."""
        return f"{self.lesson}/{self.step}/{self.task}"

    @property
    def passed(self) -> int:
        return sum(one.grade.outcome == "pass" for one in self.outcomes)


def tasks(standings: Sequence[Standing], gradings: Iterable[Graded]) -> list[ClassTask]:
    """Every task that was graded, in the order of the lessons.

    Args:
        standings: of the class; what counts of each learner is looked at.
        gradings: the last of each submission, from which the mistakes come.
    """
    found: dict[tuple[str, str, str], dict[str, TaskGrade]] = {}
    for one in standings:
        for lesson in one.graded.lessons if one.graded else ():
            for task in lesson.tasks:
                place = (lesson.lesson, task.step, task.task)
                found.setdefault(place, {})[one.learner] = task
    made = mistakes(gradings)
    return [_task(place, its, standings, made) for place, its in found.items()]


def _task(
    place: tuple[str, str, str],
    its: dict[str, TaskGrade],
    standings: Sequence[Standing],
    made: Sequence[Mistake],
) -> ClassTask:
    here = tuple(one for one in made if (one.lesson, one.step, one.task) == place)
    names = {one.learner: one.name for one in standings}
    outcomes = [
        Outcome(who, names[who], grade, _shared(who, grade, here)) for who, grade in its.items()
    ]
    order = {mistake.reason: n for n, mistake in enumerate(here)}

    def place_of(one: Outcome) -> tuple[int, int]:
        passed = one.grade.outcome == "pass"
        return (2 if passed else 1 if one.mistake is None else 0, _at(one.mistake, order))

    return ClassTask(
        *place,
        next(iter(its.values())).points,
        tuple(sorted(outcomes, key=place_of)),
        here,
        tuple(who for who in names if who not in its),
    )


def _at(mistake: Mistake | None, order: dict[str, int]) -> int:
    return order[mistake.reason] if mistake else 0


def _shared(who: str, grade: TaskGrade, here: Sequence[Mistake]) -> Mistake | None:
    if grade.outcome == "pass":
        return None
    return next((one for one in here if one.reason == grade.reason and who in one.learners), None)
