"""Waiting for what was done to have its effect."""

from __future__ import annotations

from lab_engine.course.lab import Check
from lab_engine.session import settling


async def never(see: object, v: object) -> None:
    raise AssertionError


def test_the_slowest_check_says_how_long() -> None:
    checks = [Check("a", 1, never, settle=3.0), Check("b", 1, never)]
    assert settling.seconds(checks) == 3.0
    assert settling.seconds(checks, 5.0) == 5.0
    assert settling.seconds([]) == 0.0


async def test_it_looks_until_it_is_done() -> None:
    seen: list[int] = []

    async def look() -> int:
        seen.append(len(seen))
        return seen[-1]

    assert await settling.settled(look, lambda found: found == 2, 60.0) == 2
    assert seen == [0, 1, 2]


async def test_without_time_it_looks_once() -> None:
    seen: list[int] = []

    async def look() -> int:
        seen.append(len(seen))
        return seen[-1]

    assert await settling.settled(look, lambda _: False, 0.0) == 0
    assert seen == [0]
