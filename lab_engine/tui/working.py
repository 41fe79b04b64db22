"""One piece of work at a time (opening, entering, resetting), what it says, and how it ends."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from lab_engine.common.ending import end
from lab_engine.errors import InfralabError
from lab_engine.protocol import AnyNotice
from lab_engine.tui.phase import Change, Phase
from lab_engine.tui.progress import Progress
from lab_engine.tui.standing import Standing


class Working(Standing, ABC):
    """Between two pieces of work the bench is watched; during one it is not.

    Args:
        tell: called on the loop with the name of what changed.
    """

    def __init__(self, tell: Callable[[Change], None]) -> None:
        super().__init__()
        self.tell = tell
        self.phase = Phase.EMPTY
        self.doing = ""
        """What goes on, in words for the learner: "Opening the bench"."""
        self.progress = Progress()
        self.trouble: InfralabError | None = None
        self._work: asyncio.Task[None] | None = None
        self._again: Callable[[], Awaitable[None]] | None = None

    @abstractmethod
    def _watch(self) -> None:
        """Look at the bench from now on."""

    @abstractmethod
    async def _look_away(self) -> None:
        """Look no longer at the bench."""

    @property
    def busy(self) -> bool:
        return self._work is not None and not self._work.done()

    @property
    def ready(self) -> bool:
        return self.phase is Phase.READY

    def retry(self) -> None:
        """Do again what failed or was stopped."""
        if self._again and not self.busy:
            self._begin(self._again)

    def stop_working(self) -> None:
        """Stop what goes on; what it began is undone."""
        if self._work and not self._work.done():
            self.doing = "Stopping, and undoing what was begun"
            self._work.cancel()
            self.tell("phase")

    def _begin(self, work: Callable[[], Awaitable[None]]) -> None:
        before = self._work
        self._again = work
        self._work = asyncio.create_task(self._run(work, before))

    async def _run(
        self, work: Callable[[], Awaitable[None]], before: asyncio.Task[None] | None
    ) -> None:
        if before:
            await end(before)
        await self._look_away()
        self.trouble, self.progress = None, Progress()
        try:
            await work()
        except asyncio.CancelledError:
            self._set(Phase.STOPPED)
        except InfralabError as error:
            self.trouble = error
            self._set(Phase.FAILED)
        except Exception as error:
            self.trouble = InfralabError(
                f"unexpected {type(error).__name__}: {error}",
                hint="This is a fault in infralab, not in your work. Please report it.",
            )
            self._set(Phase.FAILED)
        else:
            self._set(Phase.READY)
            self._watch()

    def _set(self, phase: Phase, doing: str = "") -> None:
        self.phase, self.doing = phase, doing
        if phase in (Phase.READY, Phase.FAILED, Phase.STOPPED):
            self.progress.end(well=phase is Phase.READY)
        self.tell("phase")

    def _notice(self, notice: AnyNotice) -> None:
        if self.progress.take(notice):
            self.tell("progress")

    def _hear_of_the_build(self) -> Callable[[str], None]:
        """What to call, from any thread, with how far the building of the bench image is."""
        loop, shown = asyncio.get_running_loop(), self.progress

        def hear(words: str) -> None:
            if shown is self.progress and self.phase is Phase.OPENING:
                self.doing = "Building the bench image, once: a few minutes"
                shown.build(words)
                self.tell("progress")

        def tell(words: str) -> None:
            loop.call_soon_threadsafe(hear, words)

        return tell
