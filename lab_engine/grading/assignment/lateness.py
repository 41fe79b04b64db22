"""How late work is, and what it costs: exact, in fractions."""

from __future__ import annotations

import math
from fractions import Fraction

from lab_engine.grading.assignment.terms import Assignment


def seconds_late(assignment: Assignment, received: float) -> float:
    """0 until the end of the grace; after it, counted from the due time itself."""
    after = received - assignment.due
    return after if after > assignment.grace else 0.0


def factor(assignment: Assignment, received: float) -> Fraction:
    """What part of the points is left: 1 in time, less for each period that has begun."""
    late = seconds_late(assignment, received)
    if not late:
        return Fraction(1)
    periods = math.ceil(Fraction(late) / assignment.late.seconds)
    percent = min(periods * assignment.late.penalty, assignment.late.most)
    return 1 - Fraction(percent, 100)


def told(assignment: Assignment, received: float) -> str:
    """For people; nothing when it is in time."""
    late = seconds_late(assignment, received)
    if not late:
        return ""
    hours, minutes = divmod(math.ceil(late / 60), 60)
    percent = 100 - factor(assignment, received) * 100
    return f"{hours} h {minutes:02} min late: {percent} % less"
