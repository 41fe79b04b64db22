"""How long a replay may take in all: it must end, whatever was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lab_engine.common.patience import patient
from lab_engine.recording.cast import Group
from lab_engine.recording.typist import MOST_SECONDS, SLOWER
from lab_engine.recording.visits import Visit
from lab_engine.session.record import Moment

LEAST_SECONDS: Final = 120.0
STEP_SECONDS: Final = 180.0
"""To make a step ready, to reset it, or to run its solution."""
INPUT_SECONDS: Final = 5.0
"""Pauses around what is typed, and the checks after it."""


def time_limit(stays: Sequence[Visit]) -> float:
    """In seconds: what the recorded commands took, several times, and time for all the rest.

    The learner's pauses do not count. `INFRALAB_PATIENCE` multiplies it.
    """
    acts = [act for visit in stays for act in visit.acts]
    typed = [act for act in acts if isinstance(act, Group)]
    made = len(stays) + sum(isinstance(act, Moment) for act in acts)
    # No piece is waited for longer than that, however long it took.
    worked = sum(min(group.seconds - group.idle, MOST_SECONDS) for group in typed)
    return patient(
        LEAST_SECONDS + STEP_SECONDS * made + INPUT_SECONDS * len(typed) + SLOWER * worked
    )
