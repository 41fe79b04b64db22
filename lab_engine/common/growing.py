"""Counters against a baseline: what has grown since the step began."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from lab_engine.common.evidence import See, require
from lab_engine.common.probe import Probe

R = TypeVar("R", bound=msgspec.Struct)


async def require_grown(
    see: See,
    probe: Probe[R],
    count: Callable[[R], float],
    *,
    what: str,
    by: float = 1,
    most: float | None = None,
    same: Callable[[R], Any] | None = None,
    look: str = "",
    wanted: str = "",
    found: str = "",
) -> R:
    """A counter grew by so much since the step began. One round trip.

        probe = LinkCountersProbe("eth0")
        await require_grown(see, probe, lambda r: r.received, what="received packets", by=5)

    Counters begin at 0 again when what counts is started anew; then all that it shows is new.

    Reasons: `not-grown`, `grown-too-much`.

    Args:
        see: the check's way to ask.
        probe: what is read.
        count: the number in its reading; it must not matter that probes are asked.
        what: the counter in a sentence.
        by: how much it must have grown at least.
        most: how much it may have grown at most; None for any.
        same: what of the reading tells whether it is still the same counter, such as an id or the
            time of a start; without it a number below the baseline is taken for a fresh start.
        look: the command that shows it.
        wanted: the sentence for what is expected, where the one with the number reads badly.
        found: the sentence for a counter that has not grown at all.
    """
    before = await see.before(probe)
    now = await see(probe)
    anew = count(now) < count(before) or (same is not None and same(now) != same(before))
    grown = count(now) - (0 if anew else count(before))
    require(
        grown >= by,
        "not-grown",
        expected=wanted or f"Since this step began there are {by:g} more {what}.",
        observed=found if found and not grown else f"There are {grown:g} more.",
        look=look,
    )
    require(
        most is None or grown <= most,
        "grown-too-much",
        expected=f"Since this step began there are {most:g} more {what} at most."
        if most is not None
        else "",
        observed=f"There are {grown:g} more.",
        look=look,
    )
    return now
