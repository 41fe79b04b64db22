"""A verdict in words: what each screen, report and log says of it, in words of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from lab_engine.course.verdict import Verdict
from lab_engine.shown import shown

Part = Literal["expected", "observed", "look", "explanation", "message"]


def points(count: int) -> str:
    return f"{count} point{'' if count == 1 else 's'}"


def reasons(verdict: Verdict) -> Iterator[tuple[Part, str]]:
    """Why a task is not done, in the order in which it is told; what there is nothing of is not."""
    # What was read in the bench may hold control sequences; an explanation is the author's.
    if verdict.evidence:
        yield "expected", shown(verdict.evidence.expected)
        yield "observed", shown(verdict.evidence.observed)
        if verdict.evidence.look:
            yield "look", shown(verdict.evidence.look) + _at(verdict.evidence.console)
    if verdict.explanation:
        yield "explanation", verdict.explanation
    if verdict.message:
        yield "message", shown(verdict.message)


def _at(console: str) -> str:
    return f" (on the console of {shown(console)})" if console else ""


def line(verdict: Verdict) -> str:
    """What was expected and what is there, or why it could not be seen, in one line."""
    if verdict.evidence:
        return shown(f"expected: {verdict.evidence.expected} observed: {verdict.evidence.observed}")
    return shown(verdict.message)


def trouble(verdict: Verdict) -> str:
    """What a learner is told when the check broke. `verdict` is an error."""
    said = shown(verdict.message) or "The check could not look."
    return f"This is not your fault. {said[:1].upper()}{said[1:]}"
