"""Keeps the picture of the bench current while a step is open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from lab_engine.common.tasks import begin, end
from lab_engine.families.drawing import Ask, Picture
from lab_engine.tui.topology.read import PictureReader

PAINT_EVERY: Final = 5.0
"""Seconds after which the picture is read although nothing was heard of."""
SETTLE: Final = 0.15
"""Seconds after an event until the picture is read: what follows from it should be in it."""


class Painter:
    """Reads pictures until it is closed; begun when it is made.

    Args:
        ask: puts probes to the agent.
        daemons: those that the step needs.
        on_picture: gets each picture that is not like the one before.
        every: seconds after which it looks although it was not told of anything.
    """

    def __init__(
        self,
        ask: Ask,
        daemons: Sequence[str],
        on_picture: Callable[[Picture], None],
        *,
        every: float = PAINT_EVERY,
    ) -> None:
        self._ask = ask
        self._daemons = daemons
        self._on_picture = on_picture
        self._every = every
        self._told = asyncio.Event()
        self._task = begin(self._paint())

    def look(self) -> None:
        """Something happened: read the picture soon."""
        self._told.set()

    def stop(self) -> None:
        """Read no more pictures; `close` waits for the end of it."""
        self._task.cancel()

    async def close(self) -> None:
        await end(self._task)

    async def _paint(self) -> None:
        reader = PictureReader()
        # The first one is told, also of an empty bench: before it nothing is known.
        shown: Picture | None = None
        while True:
            picture = await reader.read(self._ask, self._daemons)
            if picture != shown:
                shown = picture
                self._on_picture(picture)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._told.wait()
                await asyncio.sleep(SETTLE)
            # What was told up to now is in the next picture.
            self._told.clear()
