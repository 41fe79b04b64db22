"""Back to a bench that was lost while a step was open, without a key, and told.

An engine that restarts takes its benches with it, and a bench that stopped is there to be started
again: what is on its disks stays. One that was removed or paused was somebody's word, and the
learner is asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from lab_engine.errors import AgentLost, BenchError, DockerUnavailable, InfralabError
from lab_engine.tui.phase import Phase
from lab_engine.tui.work import Work

TOLD: Final = "The bench did not answer for a while, and was started again where it had stopped."
ENGINE_SECONDS: Final = 60.0
"""How long an engine that does not answer is waited for: a restart takes ten to thirty."""
ASK_EVERY: Final = 1.0
AGAIN_SECONDS: Final = 60.0
"""A bench that is lost so soon again would be lost for ever; the learner chooses then."""
BACK_FROM: Final = ("exited", "running")


class Comeback:
    """Used from the loop of the screens.

    Args:
        work: what goes on at the desk.
        status: Docker's word for how the bench is; raises DockerUnavailable.
        mend: starts again what stopped; removes nothing.
    """

    def __init__(
        self,
        work: Work,
        status: Callable[[], Awaitable[str]],
        mend: Callable[[], Awaitable[None]],
    ) -> None:
        self._work, self._status, self._mend = work, status, mend
        self._last = 0.0

    def lose(self, why: InfralabError) -> None:
        """The bench was lost: come back to it, or say so where that is the learner's to choose."""
        now = time.monotonic()
        soon = self._last and now - self._last < AGAIN_SECONDS
        if soon or not isinstance(why, (AgentLost, BenchError)):
            self._work.fail(why)
            return
        self._last = now
        self._work.begin(lambda: self._come_back(why))

    async def _come_back(self, why: InfralabError) -> None:
        # Trying again is the learner's word, and makes also a bench anew that is gone.
        self._work.then(self._mend)
        self._work.enter(Phase.PREPARING, "The bench does not answer: coming back to it")
        if await self._there() not in BACK_FROM:
            raise why
        await self._mend()

    async def _there(self) -> str:
        limit = time.monotonic() + ENGINE_SECONDS
        while True:
            try:
                return await self._status()
            except DockerUnavailable:
                if time.monotonic() > limit:
                    raise
            await asyncio.sleep(ASK_EVERY)
