"""The bench that waits for the lesson that is likely opened next: one at most."""

from __future__ import annotations

import asyncio
import importlib
import logging
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lab_engine.common.tasks import begin, end
from lab_engine.course.lesson import Lesson
from lab_engine.doctor.spare import reason_against
from lab_engine.errors import InfralabError
from lab_engine.session.record import Record
from lab_engine.settings import Settings

if TYPE_CHECKING:
    from lab_engine.session.session import Session

log = logging.getLogger(__name__)

REST: Final = 0.8
"""Seconds that the cursor must rest on a lesson: on its way it passes over many."""


@dataclass(eq=False)
class _Wish:
    """A lesson that is likely opened, and its session once that is made."""

    lesson: str
    seed: str
    making: bool = False
    session: Session | None = None
    task: asyncio.Task[None] | None = None


class Waiting:
    """Use from one event loop.

    Args:
        record: the learner's.
        settings: how benches are made, and whether any is made ahead.
    """

    def __init__(self, record: Record, settings: Settings) -> None:
        self._record, self._settings = record, settings
        self._wish: _Wish | None = None
        """The last one; kept when nothing came of it, since it would not the second time."""
        self._leaving: asyncio.Task[None] | None = None
        """Removes what waited for nobody."""
        self._cleared = False

    def want(self, lesson: Lesson) -> None:
        """This lesson is likely opened next: it waits, in place of another."""
        if self._settings.bench_ahead == "off" or self._is_for(lesson):
            return
        self.drop()
        self._wish = wish = _Wish(lesson.slug, secrets.token_hex(8))
        wish.task = begin(self._make(wish, lesson, self._leaving))

    def _is_for(self, lesson: Lesson) -> bool:
        return self._wish is not None and self._wish.lesson == lesson.slug

    def seed(self, lesson: Lesson) -> str | None:
        """What the lesson's session has drawn from, if one waits or is on its way."""
        wish = self._wish
        if wish is None or not self._is_for(lesson) or not (wish.making or wish.session):
            return None
        return wish.seed

    async def take(self, lesson: Lesson, seed: str) -> Session | None:
        """The lesson's session of this seed, from now on the learner's; None when there is none.

        Another one is removed beside. Cancelled, it waits on.
        """
        wish = self._wish
        if wish is None or wish.task is None or self.seed(lesson) != seed:
            self.drop()
            return None
        # `wait`: who asks may be cancelled, what is made goes on.
        await asyncio.wait([wish.task])
        session = wish.session
        if session is None or not await self._whole(session):
            self.drop()
            return None
        if self._wish is not wish:
            # Another one was wanted meanwhile, and this one is on its way out.
            return None
        self._wish = None
        await session.claim()
        return session

    async def _whole(self, session: Session) -> bool:
        """Whether nobody has ended it meanwhile, as `infralab down --all` does."""
        row = await asyncio.to_thread(self._record.session, session.id)
        if row is None or row.ended is not None:
            return False
        try:
            return await session.bench_status() == "running"
        except InfralabError:
            return False

    def drop(self) -> None:
        """Remove what waits, beside what goes on."""
        wish, self._wish = self._wish, None
        if wish:
            self._leaving = begin(self._away(wish, self._leaving))

    async def close(self) -> None:
        """Remove what waits."""
        self.drop()
        if self._leaving:
            await asyncio.wait([self._leaving])

    async def _away(self, wish: _Wish, before: asyncio.Task[None] | None) -> None:
        if before:
            await asyncio.wait([before])
        if wish.task:
            await end(wish.task)
        if wish.session:
            try:
                await wish.session.down()
            except InfralabError as error:
                # It keeps its row, and the next program clears it.
                log.info("a bench that waited was not removed: %s", error)

    async def _make(self, wish: _Wish, lesson: Lesson, before: asyncio.Task[None] | None) -> None:
        await asyncio.sleep(REST)
        if before:
            # Two at once would be slower than one, and take twice the memory.
            await asyncio.wait([before])
        wish.making = True
        try:
            wish.session = await self._made(wish, lesson)
        except InfralabError as error:
            # Whoever opens the lesson is told, if it is so then.
            log.info("no bench was made ahead for %s: %s", lesson.slug, error)
        finally:
            wish.making = False

    async def _made(self, wish: _Wish, lesson: Lesson) -> Session | None:
        # Off the loop: it brings Docker's SDK along, and keys would wait for that.
        waiting = await asyncio.to_thread(importlib.import_module, "lab_engine.session.waiting")
        if not self._cleared:
            await asyncio.to_thread(waiting.clear, self._record)
            self._cleared = True
        why = await asyncio.to_thread(reason_against, self._settings)
        if why or not await asyncio.to_thread(waiting.buildable, lesson):
            log.info("no bench is made ahead for %s: %s", lesson.slug, why or "its image is absent")
            return None
        session: Session = await waiting.make(lesson, self._record, self._settings, wish.seed)
        return session
