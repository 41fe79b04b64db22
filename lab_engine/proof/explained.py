"""Whether explanations are shown only where they hold.

An explanation is written for one near miss. It is true of the untouched start never, and elsewhere
only where the author has confirmed it (`also` of a near miss, `explained` of a solution).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from lab_engine.course.lab import NearMiss, Solution
from lab_engine.course.verdict import Verdict


def at_start(verdicts: Iterable[Verdict]) -> list[str]:
    """What is explained before any work."""
    return [f"before any work, {shown}" for shown in _shown(verdicts)]


def after_near_miss(verdicts: Iterable[Verdict], miss: NearMiss) -> list[str]:
    """What a near miss of one task explains about the others, unless its author has said so."""
    others = [v for v in verdicts if v.task != miss.rejected_by]
    return _unlike(others, miss.also, f"also={list(_reasons(others))!r}")


def without_line(verdicts: Sequence[Verdict], solution: Solution, number: int) -> list[str]:
    """What is explained after a solution without its line `number`, counted from 0."""
    said = solution.explained.get(number, ())
    return _unlike(verdicts, said, f"explained={{{number}: {list(_reasons(verdicts))!r}}}")


def _unlike(verdicts: Iterable[Verdict], said: Collection[str], how: str) -> list[str]:
    """What is shown and was not said, and what was said and is not shown."""
    verdicts = list(verdicts)
    untold = [v for v in verdicts if v.evidence and v.evidence.reason not in said]
    problems = [f"{shown}; where that holds, say so: {how}" for shown in _shown(untold)]
    idle = sorted(set(said) - set(_reasons(verdicts)))
    return problems + [f"said to be explained, but nothing shows it: {', '.join(idle)}"] * bool(
        idle
    )


def _shown(verdicts: Iterable[Verdict]) -> list[str]:
    return [
        f"{v.task} is explained ({v.evidence.reason}): {v.explanation}"
        for v in verdicts
        if v.explanation and v.evidence
    ]


def _reasons(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    return tuple(sorted({v.evidence.reason for v in verdicts if v.explanation and v.evidence}))
