"""Ending a task for good."""

from __future__ import annotations

import asyncio
from typing import Final

STUBBORN: Final = 1.0
"""Seconds after which a cancellation is repeated."""


async def end(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end.

    More than once if need be: until Python 3.12, `asyncio.wait_for` loses a cancellation that comes
    at the moment when what it waits for is done.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=STUBBORN)
