"""What looks at the bench while a step is open: verdicts as events wake them, and the picture."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.common.tasks import begin, end
from lab_engine.course.lab import LabStep, Variables
from lab_engine.course.verdict import Evidence, Verdict
from lab_engine.errors import InfralabError
from lab_engine.families.drawing import Picture
from lab_engine.protocol import RESYNC, Answer, AnyNotice, EventNotice, LeaseNotice
from lab_engine.session.check import probe_key, run_checks
from lab_engine.tui.topology.read import PictureReader

if TYPE_CHECKING:
    from lab_engine.session.session import Session
    from lab_engine.session.watch import Watch

LOOK_EVERY: Final = 1.0
"""Seconds between two looks of a client that only looks on."""
PAINT_EVERY: Final = 3.0
SETTLE: Final = 0.15
"""Seconds after an event until the picture is read: what follows from it should be in it."""


async def starting_point(
    step: LabStep, variables: Variables, readings: Mapping[str, bytes]
) -> dict[str, Evidence | None]:
    """What each check said at the start of a step that is taken up: from its readings then."""

    async def ask(probes: Sequence[Probe[Any]]) -> list[Answer]:
        raw = [readings.get(probe_key(probe)) for probe in probes]
        return [Answer(msgspec.Raw(r)) if r else Answer(problem="not read") for r in raw]

    verdicts, _ = await run_checks(step, variables, ask, readings)
    return {verdict.task: verdict.evidence for verdict in verdicts}


class Eye:
    """Looks at one step of a session until its task is cancelled.

    Args:
        session: an open session.
        step: the step that the learner is in.
        watching: without the lease nothing is recorded and no events come.
        on_verdicts: gets all verdicts when one of them changed.
        on_picture: gets each picture that is not like the one before.
        on_lost: called when the session went to another client, or its agent stays away.
    """

    def __init__(
        self,
        session: Session,
        step: LabStep,
        *,
        watching: bool,
        on_verdicts: Callable[[list[Verdict]], None],
        on_picture: Callable[[Picture], None],
        on_lost: Callable[[InfralabError | LeaseNotice], None],
    ) -> None:
        self._session = session
        self._step = step
        self._watching = watching
        self._on_verdicts = on_verdicts
        self._on_picture = on_picture
        self._on_lost = on_lost
        self._changed = asyncio.Event()
        self._watch: Watch | None = None
        self._task = begin(self._run())

    def look(self) -> None:
        """Look at once, whether something happened or not."""
        if self._watch:
            self._watch.wake(RESYNC)
        self._changed.set()

    async def close(self) -> None:
        await end(self._task)

    async def _run(self) -> None:
        painting = begin(self._paint())
        try:
            if self._watching:
                await self._look_on()
            else:
                await self._woken()
        except InfralabError as error:
            self._on_lost(error)
        finally:
            await end(painting)

    async def _woken(self) -> None:
        """The engine's own watch, of which we hear what it hears."""
        from lab_engine.session.watch import Watch

        self._watch = watch = Watch(self._session, self._judged)
        wake = watch.event

        def hear(notice: AnyNotice) -> None:
            self._hear(notice)
            wake(notice)

        watch.event = hear  # type: ignore[method-assign]
        await watch.run()

    async def _look_on(self) -> None:
        self._session.on_event = self._hear
        while True:
            verdicts, _ = await self._session.verdicts()
            self._judged(verdicts)
            await asyncio.sleep(LOOK_EVERY)

    def _judged(self, verdicts: list[Verdict]) -> None:
        self._changed.set()
        self._on_verdicts(verdicts)

    def _hear(self, notice: AnyNotice) -> None:
        if isinstance(notice, LeaseNotice):
            self._on_lost(notice)
        elif isinstance(notice, EventNotice):
            self._changed.set()

    async def _paint(self) -> None:
        """Read the picture when something happened, and every few seconds all the same."""
        reader = PictureReader()
        shown = Picture()
        while True:
            picture = await reader.read(self._session.ask, self._step.daemons)
            if picture != shown:
                shown = picture
                self._on_picture(picture)
            with suppress(TimeoutError):
                async with asyncio.timeout(PAINT_EVERY):
                    await self._changed.wait()
                await asyncio.sleep(SETTLE)
            self._changed.clear()
