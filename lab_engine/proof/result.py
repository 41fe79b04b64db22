"""What a proof found, case by case."""

from __future__ import annotations

from typing import Literal

import msgspec

from lab_engine.course.proven import StepChanges

CaseKind = Literal["start", "text", "solution", "near-miss", "left-out", "teardown"]


class CaseResult(msgspec.Struct, frozen=True):
    """One case. `problem` is empty when the checks behaved as the lesson promises.

    `task` is the check that rejected it, for near misses and left-out lines.
    """

    step: str
    kind: CaseKind
    name: str
    seconds: float
    problem: str = ""
    task: str = ""

    @property
    def good(self) -> bool:
        return not self.problem


class LessonProof(msgspec.Struct, frozen=True):
    """All cases of one lesson with one seed."""

    lesson: str
    seed: str
    cases: tuple[CaseResult, ...]
    seconds: float
    seen: tuple[StepChanges, ...] = ()
    """What the checks saw change, of each step whose first solution is accepted."""

    @property
    def good(self) -> bool:
        return all(case.good for case in self.cases)

    @property
    def whole(self) -> frozenset[str]:
        """The steps of which every case is good; none when something was left afterwards.

        Of a walk this says nothing.
        """
        bad = {case.step for case in self.cases if not case.good}
        if "" in bad:
            return frozenset()
        return frozenset(case.step for case in self.cases) - bad - {""}

    def killed(self, step: str, task: str) -> tuple[int, int]:
        """Near misses and left-out lines that the check of `task` rejected, of how many."""
        mine = [
            case
            for case in self.cases
            if case.step == step and case.task == task and case.kind in ("near-miss", "left-out")
        ]
        return sum(case.good for case in mine), len(mine)
