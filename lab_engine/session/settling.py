"""Waiting until what was done in the bench has its effect, for as long as the checks allow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

from lab_engine.common.patience import patient
from lab_engine.course.lab import Check

T = TypeVar("T")

PATIENT: Final = 2.0
"""Seconds that a bench of a learner is given where its checks ask for no more."""
PAUSE: Final = 0.2
"""Seconds between two looks. A look at a whole step takes some 10 ms."""


def seconds(checks: Iterable[Check], least: float = 0.0) -> float:
    """How long the slowest of the checks gives the state to come about."""
    return max([least, *(check.settle for check in checks)])


def at_replay(checks: Iterable[Check]) -> float:
    """How long a replay gives it, and who looks at the replay.

    Patient, where a learner's own check is not: nobody waits, and what an emulated bench has not
    done yet would be held against the learner.
    """
    return patient(seconds(checks, PATIENT))


async def settled(look: Callable[[], Awaitable[T]], done: Callable[[T], bool], limit: float) -> T:
    """Look until it is `done`, or until `limit` seconds have passed, and once at least.

    Returns what was seen last.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit
    while True:
        seen = await look()
        if done(seen) or loop.time() >= deadline:
            return seen
        await asyncio.sleep(PAUSE)
