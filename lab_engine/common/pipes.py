"""The input of a program that we started, when it ends before it has read all of it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

SECONDS: Final = 1.0


async def given_up(stdin: asyncio.StreamWriter | None) -> None:
    """Close the input of a program that has ended; what it did not read is no news.

    Before Python 3.12 a broken pipe that nobody asks for is logged with its traceback, on top of
    the screen, at whatever moment the garbage collector finds it. (Before 3.11.5 that traceback can
    break an `ast.parse` that is under way.)
    """
    if stdin is None:
        return
    stdin.close()
    with contextlib.suppress(OSError, TimeoutError):
        await asyncio.wait_for(stdin.wait_closed(), SECONDS)
