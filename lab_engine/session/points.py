"""What a task is worth after hints, and what each mode allows.

Practice is for learning: everything is shown. Assessed is for a grade: one hint a task, and no
solutions.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from lab_engine.session.record import TaskState

HINT_COST: Final = Fraction(1, 5)
"""Part of a task's points that each hint costs."""
LEAST: Final = Fraction(2, 5)
"""Part of its points that a task earned by oneself is always worth."""
ASSESSED_HINTS: Final = 1


def worth(points: int, hints: int) -> Fraction:
    """What a task of so many points is worth after so many hints."""
    return points * max(1 - hints * HINT_COST, LEAST)


def cost(points: int, hints: int) -> Fraction:
    """What the next hint costs, when `hints` were taken already."""
    return worth(points, hints) - worth(points, hints + 1)


def earned(task: TaskState) -> Fraction:
    """The points of a task: none while it is not passed, none when it was given."""
    if not task.passed or task.given:
        return Fraction(0)
    return worth(task.points, task.hints)


def total(tasks: Iterable[TaskState]) -> Fraction:
    return sum((earned(task) for task in tasks), Fraction(0))


def shown(points: Fraction) -> str:
    """Points for people: `2`, `1.6`."""
    return f"{float(points):.2f}".rstrip("0").rstrip(".")


def hints_allowed(mode: str) -> int | None:
    """How many hints of a task the mode allows; None for all."""
    return ASSESSED_HINTS if mode == "assessed" else None
