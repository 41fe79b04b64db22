"""The checks of the plain walk: woken by events, and heard when a line may be printed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from lab_engine.common.tasks import begin, end
from lab_engine.course.verdict import Verdict
from lab_engine.errors import InfralabError
from lab_engine.session.watch import OnVerdicts, Watch, Watched


class Lookout:
    """Watches the step that a session is in, from `begin` to `end`. Use from one event loop.

    Args:
        session: an open session.
        heard: gets all verdicts of the step when one of them changed.
        lost: called when the checks cannot look any more.
    """

    def __init__(
        self, session: Watched, heard: OnVerdicts, lost: Callable[[InfralabError], None]
    ) -> None:
        self._session = session
        self._heard = heard
        self._lost = lost
        self._watch: Watch | None = None
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    def begin(self) -> None:
        self._watch = Watch(self._session, self._told)
        self._task = begin(self._run(self._watch))

    async def end(self) -> None:
        self._watch, task = None, self._task
        if task:
            await end(task)

    async def _run(self, watch: Watch) -> None:
        try:
            await watch.run()
        except InfralabError as error:
            self._watch = None
            self._lost(error)

    def _told(self, verdicts: list[Verdict]) -> None:
        self._news.set()
        self._heard(verdicts)

    async def look(self) -> list[Verdict] | None:
        """All verdicts as they are now; None when nothing is watched."""
        return await self._watch.look() if self._watch else None

    async def news(self, limit: float) -> None:
        """Wait until a verdict changes, for `limit` seconds at most."""
        self._news.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self._news.wait()
