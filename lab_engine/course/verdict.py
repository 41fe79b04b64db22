"""What a check says: pass, fail with evidence, or error when the checker itself broke."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from lab_engine.common.evidence import Evidence


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    ERROR = "error"
    """The checker broke or could not look: never the learner's fault."""
    WAITING = "waiting"
    """A check that it depends on has not passed, so it was not run."""


class Verdict(msgspec.Struct, frozen=True):
    """One check's result. `explanation` is that of the near miss whose state was recognised."""

    task: str
    outcome: Outcome
    points: int
    evidence: Evidence | None = None
    message: str = ""
    explanation: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASS
