"""The upkeep of the open page: verdicts and picture follow what happens in the bench."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from lab_engine.common.tasks import begin, end
from lab_engine.course.verdict import Verdict
from lab_engine.errors import InfralabError, LeaseTaken
from lab_engine.families.drawing import Picture
from lab_engine.protocol import RESYNC, AnyNotice, EventNotice, LeaseNotice
from lab_engine.session.lookout import LOOK_ON_SECONDS, Lookout
from lab_engine.session.record import TaskState
from lab_engine.tui.page import Page
from lab_engine.tui.phase import Change
from lab_engine.tui.topology.paint import PAINT_EVERY, Painter

if TYPE_CHECKING:
    from lab_engine.session.session import Session


class Upkeep:
    """Of one page, from when it is made until `end`.

    Args:
        page: has a step with a lab half.
        session: is in that step.
        looking_on: whether the session is without the lease.
        read_states: what the record says of the session's tasks, read off the loop.
        tell: called with the name of what changed on the page.
        fail: called when the bench cannot be seen any more.
    """

    def __init__(
        self,
        page: Page,
        session: Session,
        *,
        looking_on: bool,
        read_states: Callable[[], Awaitable[list[TaskState]]],
        tell: Callable[[Change], None],
        fail: Callable[[InfralabError], None],
    ) -> None:
        assert page.step is not None
        assert page.step.lab_step is not None
        self._page, self._read_states, self._tell, self._fail = page, read_states, tell, fail
        self._kept: asyncio.Task[None] | None = None
        every = LOOK_ON_SECONDS if looking_on else PAINT_EVERY
        self._painter = Painter(session.ask, page.step.lab_step.daemons, self._painted, every=every)
        self._lookout = Lookout(
            session,
            self._judged,
            on_lost=self._lose,
            on_notice=self._hear,
            looking_on=looking_on,
        )
        self._lookout.begin()

    def check(self) -> None:
        """Look at once, whether something happened or not."""
        # As if events had been lost: then all of the checks look.
        self._lookout.wake(RESYNC)
        self._painter.look()

    async def end(self) -> None:
        await self._lookout.end()
        await self._painter.close()
        if self._kept:
            await end(self._kept)

    def _judged(self, verdicts: list[Verdict]) -> None:
        self._painter.look()
        page = self._page
        standing = {v.task: (v.outcome, v.evidence, v.message) for v in verdicts}
        before = {v.task: (v.outcome, v.evidence, v.message) for v in page.verdicts.values()}
        if standing != before:
            page.verdicts = {v.task: v for v in verdicts}
            self._tell("verdicts")
            # The record is written by the lookout before it tells, so what is read now holds this.
            self._kept = begin(self._note_states())

    async def _note_states(self) -> None:
        """What the record says of the tasks, such as that one was given."""
        states = tuple(await self._read_states())
        if states != self._page.states:
            self._page.states = states
            self._tell("verdicts")

    def _painted(self, picture: Picture) -> None:
        self._page.picture, self._page.looked = picture, True
        self._tell("picture")

    def _lose(self, why: InfralabError) -> None:
        # The last picture stays: one read now would say that everything is gone.
        self._painter.stop()
        self._fail(why)

    def _hear(self, notice: AnyNotice) -> None:
        if isinstance(notice, LeaseNotice):
            self._fail(
                LeaseTaken(
                    f"this session was taken over: {notice.holder}",
                    hint="Take it back, or leave it to the other one.",
                )
            )
        elif isinstance(notice, EventNotice):
            self._painter.look()
