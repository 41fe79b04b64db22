"""Checks that wake by themselves (client side): events in, verdicts out, no button.

The checks of a step say which topics may change their verdict: those of the probes that they asked
the last time. An event wakes just these; a lost event wakes all; a slow poll is the net.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from lab_engine import protocol as p
from lab_engine.bench.link import OnNotice
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import InfralabError
from lab_engine.session.check import Sight

OnVerdicts = Callable[[list[Verdict]], None]

QUIET_SECONDS = 0.02
"""After an event, wait this long for the next one of the same burst."""
ECHO_SECONDS = (0.1, 0.4, 1.5)
"""A started program has its effect a little later: look again after these times."""
POLL_SECONDS = 5.0


class Watched(Protocol):
    """What a watch needs of `lab_engine.session.session.Session`."""

    on_event: OnNotice

    async def verdicts(self) -> tuple[list[Verdict], dict[str, Sight]]: ...

    async def keep(self, verdicts: list[Verdict]) -> None: ...

    async def listen(self, topics: tuple[str, ...]) -> None: ...

    async def reconnect(self) -> None: ...


class Watch:
    """Keeps the verdicts of a session's step current. `run` until cancelled.

    `on_verdicts` gets all verdicts of the step whenever one of them changed.
    """

    def __init__(self, session: Watched, on_verdicts: OnVerdicts) -> None:
        self.session = session
        self.on_verdicts = on_verdicts
        self.verdicts: dict[str, Verdict] = {}
        self._topics: dict[str, set[str]] = {}
        self._woken = asyncio.Event()
        self._pending: set[str] = set()
        self._echoes: list[asyncio.TimerHandle] = []
        self._looking = asyncio.Lock()

    def event(self, notice: p.AnyNotice) -> None:
        """Take a notice from the agent; set it as the session's `on_event`."""
        if isinstance(notice, p.EventNotice):
            self.wake(notice.topic)

    def wake(self, topic: str) -> None:
        """Something of this topic happened."""
        self._pending.add(topic)
        self._woken.set()

    async def look(self) -> list[Verdict]:
        """All checks now, whether something happened or not; like `run`, it tells of changes."""
        await self._check(None)
        return list(self.verdicts.values())

    async def run(self) -> None:
        """Raises AgentLost when the agent does not come back; all else ends as a verdict."""
        self.session.on_event = self.event
        await self._check(None)
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._woken.wait()
                    await asyncio.sleep(QUIET_SECONDS)
                topics, self._pending = self._pending, set()
                self._woken.clear()
                await self._check(topics or None)
                self._echo(topics)
        finally:
            self._forget_echoes()

    def _echo(self, topics: set[str]) -> None:
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
            verdicts, sights = await self.session.verdicts()
        except InfralabError:
            await self.session.reconnect()
            self._topics = {}
            verdicts, sights = await self.session.verdicts()
        before = set().union(*self._topics.values()) if self._topics else set()
        self._topics |= {task: sight.topics for task, sight in sights.items()}
        now = set().union(*self._topics.values()) if self._topics else set()
        if now != before:
            await self.session.listen(tuple(sorted(now)))
        changed = [v for v in verdicts if _differs(self.verdicts.get(v.task), v)]
        self.verdicts = {v.task: v for v in verdicts}
        if changed:
            await self.session.keep([v for v in changed if v.outcome is not Outcome.WAITING])
            self.on_verdicts(verdicts)


def _differs(old: Verdict | None, new: Verdict) -> bool:
    return old is None or (old.outcome, old.evidence, old.message) != (
        new.outcome,
        new.evidence,
        new.message,
    )
