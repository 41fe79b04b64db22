"""The lookout over a step (client side): events in, verdicts out, no button.

The checks of a step say which topics may change their verdict: those of the probes that they asked
the last time. An event wakes just these; a lost event wakes all; a slow poll is the net.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from lab_engine import protocol as p
from lab_engine.bench.connection import OnNotice
from lab_engine.common import tasks
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import AgentLost, InfralabError
from lab_engine.session.check import Inquiry

OnVerdicts = Callable[[list[Verdict]], None]

QUIET_SECONDS = 0.02
"""After an event, wait this long for the next one of the same burst."""
ECHO_SECONDS = (0.1, 0.4, 1.5)
"""A started program has its effect a little later: look again after these times."""
POLL_SECONDS = 5.0
LOOK_ON_SECONDS = 1.0
"""Between two looks of a client without the lease: no events come to it."""


class Checked(Protocol):
    """What a lookout needs of `lab_engine.session.session.Session`."""

    on_event: OnNotice

    async def verdicts(self) -> tuple[list[Verdict], dict[str, Inquiry]]: ...

    async def keep(self, verdicts: list[Verdict]) -> None: ...

    async def listen(self, topics: tuple[str, ...]) -> None: ...

    async def reconnect(self) -> None: ...


class Lookout:
    """Keeps the verdicts of the step that a session is in current, from `begin` to `end`.

    Args:
        session: an open session; its `on_event` is the lookout's from then on.
        on_verdicts: gets all verdicts of the step whenever one of them changed.
        on_lost: called when the checks cannot look any more; the lookout has then ended.
        on_notice: gets what the agent tells that belongs to no request.
        looking_on: the session is without the lease, so nothing is recorded and no events come.
    """

    def __init__(
        self,
        session: Checked,
        on_verdicts: OnVerdicts,
        *,
        on_lost: Callable[[InfralabError], None] = lambda _: None,
        on_notice: OnNotice = lambda _: None,
        looking_on: bool = False,
    ) -> None:
        self.session = session
        self.on_verdicts = on_verdicts
        self.verdicts: dict[str, Verdict] = {}
        self._on_lost = on_lost
        self._on_notice = on_notice
        self._looking_on = looking_on
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._topics: dict[str, set[str]] = {}
        self._woken = asyncio.Event()
        self._pending: set[str] = set()
        self._echoes: list[asyncio.TimerHandle] = []
        # A look that somebody asks for and one that an event wakes go one after the other: of two
        # at once the older verdicts could come last.
        self._looking = asyncio.Lock()

    def begin(self) -> None:
        """Look from now on; what was seen of another step is forgotten."""
        self.verdicts, self._topics, self._pending = {}, {}, set()
        self._task = tasks.begin(self._look_out())

    async def end(self) -> None:
        """Look no longer. It may be begun again."""
        task, self._task = self._task, None
        if task:
            await tasks.end(task)

    async def _look_out(self) -> None:
        try:
            await (self._look_on() if self._looking_on else self.run())
        except InfralabError as error:
            self._task = None
            self._on_lost(error)

    async def _look_on(self) -> None:
        self.session.on_event = self._hear
        while True:
            try:
                verdicts, _ = await self.session.verdicts()
                self._take(verdicts)
            except AgentLost:
                await self.session.reconnect()
            await asyncio.sleep(LOOK_ON_SECONDS)

    def _hear(self, notice: p.AnyNotice) -> None:
        self._on_notice(notice)
        if isinstance(notice, p.EventNotice):
            self.wake(notice.topic)

    def wake(self, topic: str) -> None:
        """Something of this topic happened."""
        self._pending.add(topic)
        self._woken.set()

    async def look(self) -> list[Verdict] | None:
        """All verdicts as they are now, told too when one changed; None outside `begin` and `end`.

        Raises AgentLost, as `run` does.
        """
        if self._task is None:
            return None
        await self._check(None)
        return list(self.verdicts.values())

    async def news(self, limit: float) -> None:
        """Wait until a verdict changes, for `limit` seconds at most."""
        self._news.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self._news.wait()

    async def run(self) -> None:
        """Look until cancelled, for whoever has a task for it; `begin` makes one.

        Raises AgentLost when the agent does not come back; all else ends as a verdict.
        """
        self.session.on_event = self._hear
        await self._check(None)
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._woken.wait()
                    await asyncio.sleep(QUIET_SECONDS)
                topics, self._pending = self._pending, set()
                # Before the look: what happens during it wakes the next one.
                self._woken.clear()
                await self._check(topics or None)
                self._echo(topics)
        finally:
            self._forget_echoes()

    def _echo(self, topics: set[str]) -> None:
        # An echo has no echoes, or they would never end.
        real = {topic for topic in topics if not topic.startswith("echo:")}
        if not real:
            return
        self._forget_echoes()
        loop = asyncio.get_running_loop()
        self._echoes = [
            loop.call_later(delay, self.wake, f"echo:{topic}")
            for delay in ECHO_SECONDS
            for topic in real
        ]

    def _forget_echoes(self) -> None:
        for handle in self._echoes:
            handle.cancel()
        self._echoes = []

    def _concerned(self, topics: set[str] | None) -> bool:
        if topics is None:
            return True
        plain = {topic.removeprefix("echo:") for topic in topics}
        if p.RESYNC in plain:
            return True
        wanted = set().union(*self._topics.values()) if self._topics else set()
        return any(topic.startswith(want) for topic in plain for want in wanted)

    async def _check(self, topics: set[str] | None) -> None:
        """All checks of the step together: they must hold at one moment."""
        if not self._concerned(topics):
            return
        async with self._looking:
            await self._read()

    async def _read(self) -> None:
        try:
            verdicts, inquiries = await self.session.verdicts()
        except AgentLost:
            await self.session.reconnect()
            # The agent listens to nothing for a new connection: with no topics known, all are told
            # again.
            self._topics = {}
            verdicts, inquiries = await self.session.verdicts()
        before = set().union(*self._topics.values()) if self._topics else set()
        self._topics |= {task: inquiry.topics for task, inquiry in inquiries.items()}
        now = set().union(*self._topics.values()) if self._topics else set()
        if now != before:
            await self.session.listen(tuple(sorted(now)))
        changed = self._changed(verdicts)
        if changed:
            await self.session.keep([v for v in changed if v.outcome is not Outcome.WAITING])
        self._take(verdicts)

    def _changed(self, verdicts: list[Verdict]) -> list[Verdict]:
        return [v for v in verdicts if _differs(self.verdicts.get(v.task), v)]

    def _take(self, verdicts: list[Verdict]) -> None:
        changed = self._changed(verdicts)
        self.verdicts = {v.task: v for v in verdicts}
        if changed:
            self._news.set()
            self.on_verdicts(verdicts)


def _differs(old: Verdict | None, new: Verdict) -> bool:
    return old is None or (old.outcome, old.evidence, old.message) != (
        new.outcome,
        new.evidence,
        new.message,
    )
