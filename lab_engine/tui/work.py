"""One piece of work at a time (opening, entering, resetting), what it says, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from lab_engine.common.tasks import begin, end
from lab_engine.errors import InfralabError, unexpected
from lab_engine.protocol import AnyNotice
from lab_engine.tui.phase import Change, Phase
from lab_engine.tui.progress import Progress


class Work:
    """What is done at the desk now, or was done last.

    Args:
        tell: called on the loop with the name of what changed.
        before: awaited before each piece of work begins.
        after: called when one went well.
    """

    def __init__(
        self,
        tell: Callable[[Change], None],
        *,
        before: Callable[[], Awaitable[None]],
        after: Callable[[], None],
    ) -> None:
        self._tell, self._before, self._after = tell, before, after
        self.phase = Phase.EMPTY
        self.doing = ""
        """What goes on, in words for the learner: "Opening the bench"."""
        self.progress = Progress()
        self.trouble: InfralabError | None = None
        self._task: asyncio.Task[None] | None = None
        self._again: Callable[[], Awaitable[None]] | None = None

    @property
    def busy(self) -> bool:
        return self._task is not None and not self._task.done()

    @property
    def ready(self) -> bool:
        return self.phase is Phase.READY

    def retry(self) -> None:
        """Do again what failed or was stopped."""
        if self._again and not self.busy:
            self.begin(self._again)

    def stop(self) -> None:
        """Stop what goes on; what it began is undone."""
        if self._task and not self._task.done():
            self.doing = "Stopping, and undoing what was begun"
            self._task.cancel()
            self._tell("phase")

    def begin(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do this next; what goes on is stopped first."""
        # Its end is awaited in the new task: whoever asks for work does not wait.
        before = self._task
        self._again = work
        self._task = begin(self._run(work, before))

    async def _run(
        self, work: Callable[[], Awaitable[None]], before: asyncio.Task[None] | None
    ) -> None:
        if before:
            await end(before)
        await self._before()
        self.trouble, self.progress = None, Progress()
        try:
            await work()
        # Not raised again: the task ends here, and the phase tells of it.
        except asyncio.CancelledError:
            self.enter(Phase.STOPPED)
        except InfralabError as error:
            self.fail(error)
        except Exception as error:
            self.fail(unexpected(error))
        else:
            self.enter(Phase.READY)
            self._after()

    def then(self, work: Callable[[], Awaitable[None]]) -> None:
        """From here on, a retry does this instead of the whole."""
        self._again = work

    def fail(self, why: InfralabError) -> None:
        """What was done, or was ready, is not so any more."""
        self.trouble = why
        self.enter(Phase.FAILED)

    async def close(self) -> None:
        """Stop what goes on, and wait for its end."""
        if self._task:
            await end(self._task)

    def enter(self, phase: Phase, doing: str = "") -> None:
        """Where the work is now. `doing` says it in words for the learner."""
        self.phase, self.doing = phase, doing
        if phase in (Phase.READY, Phase.FAILED, Phase.STOPPED):
            self.progress.end(well=phase is Phase.READY)
        self._tell("phase")

    def notice(self, notice: AnyNotice) -> None:
        """Take what the agent tells of its provisioning."""
        if self.progress.take(notice):
            self._tell("progress")

    def hear_of_the_build(self) -> Callable[[str], None]:
        """What to call, from any thread, with how far the building of the bench image is."""
        loop, shown = asyncio.get_running_loop(), self.progress

        def hear(words: str) -> None:
            # A build that was stopped may go on in its thread, and must not write into the rows of
            # another.
            if shown is self.progress and self.phase is Phase.OPENING:
                self.doing = "Building the bench image, once: a few minutes"
                shown.build(words)
                self._tell("progress")

        def tell(words: str) -> None:
            loop.call_soon_threadsafe(hear, words)

        return tell
