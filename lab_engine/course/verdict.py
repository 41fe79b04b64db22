"""What a check says: pass, fail with evidence, or error when the checker itself broke."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    ERROR = "error"
    """The checker broke or could not look: never the learner's fault."""
    WAITING = "waiting"
    """A check that it depends on has not passed, so it was not run."""


class Evidence(msgspec.Struct, frozen=True):
    """Why a check failed.

    `expected` and `observed` are short sentences; `look` is a command with which the learner sees
    it in the bench. `reason` is a short stable name of the mistake, which near misses refer to.
    """

    reason: str
    expected: str
    observed: str
    look: str = ""


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


class Unmet(Exception):
    """Raised by `require` inside a check; becomes a failing verdict."""

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence.expected)
        self.evidence = evidence


def require(
    condition: object, reason: str, *, expected: str, observed: str, look: str = ""
) -> None:
    """End the check with a fail unless `condition` is true.

    Args:
        condition: what must hold.
        reason: short name of the mistake, such as `default-bridge`; near misses name it.
        expected: what the task asked for, as a short sentence.
        observed: what is there instead.
        look: the command that shows it.
    """
    if not condition:
        raise Unmet(Evidence(reason, expected, observed, look))
