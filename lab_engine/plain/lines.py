"""Standard input, line by line, without blocking the loop and without a thread.

A thread that waits in `readline` cannot be stopped when the learner presses Ctrl-C; a descriptor
that the loop watches can.
"""

from __future__ import annotations

import asyncio
import os
from typing import Final

CHUNK: Final = 65536


class Lines:
    """Use from one loop. Lines that arrive together are kept for later calls."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._kept = b""
        self._ended = False

    async def next(self) -> str | None:
        """The next line without its end; None when there is no more."""
        while b"\n" not in self._kept and not self._ended:
            await self._readable()
            chunk = os.read(self._descriptor, CHUNK)
            self._ended = not chunk
            self._kept += chunk
        line, newline, rest = self._kept.partition(b"\n")
        if not line and not newline:
            return None
        self._kept = rest
        # A script that was written on another system ends its lines with both.
        return line.decode(errors="replace").rstrip("\r")

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        try:
            loop.add_reader(self._descriptor, _settle, ready)
        except PermissionError:
            # A regular file cannot be watched, and never has to be waited for.
            return
        try:
            await ready
        finally:
            loop.remove_reader(self._descriptor)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
