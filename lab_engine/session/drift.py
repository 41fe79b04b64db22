"""What of the step's own things is not as the step began: gone, changed, or never made."""

from __future__ import annotations

from typing import Final, Protocol

from lab_engine.common.plan import Plan
from lab_engine.course.lesson import Lesson

MOST: Final = 6
"""Things that one sentence names."""
RUNNING: Final = "What the step needs is running."


class Planned(Protocol):
    """What is needed of a session."""

    lesson: Lesson
    step_name: str

    async def plan(self) -> Plan: ...


async def drift(session: Planned) -> str:
    """One or two sentences about it, for who has just repaired the bench.

    Whether it was the learner's work or an accident, nobody knows but they.
    """
    if session.lesson.step(session.step_name).lab_step is None:
        return RUNNING
    plan = await session.plan()
    found = [f"{action.key} ({action.reason})" for action in plan.changes]
    if not found:
        return RUNNING
    more = f", and {len(found) - MOST} more" if len(found) > MOST else ""
    return (
        "What can be started runs. Not as the step began: "
        f"{', '.join(found[:MOST])}{more}. If that is not your work for the task, a reset begins "
        "the step anew."
    )
