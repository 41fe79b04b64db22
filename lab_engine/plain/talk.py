"""A talk with the learner: one line in, some lines out, and what happens meanwhile in between."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from lab_engine.common.tasks import begin
from lab_engine.course.text.plain import wrap
from lab_engine.errors import AgentLost, DaemonDown, InfralabError
from lab_engine.shown import shown

Work = Coroutine[Any, Any, None]
UNDONE = "What had been begun is undone; `reset` begins the step anew."


class Talk:
    """Reads a line, has done what it asks for, reads the next. Ctrl-C ends only what is done.

    Args:
        read: the next line, None at the end of input.
        say: prints a line.
        prompt: shows that a line is waited for.
        width: columns of a line.
    """

    def __init__(
        self,
        *,
        read: Callable[[], Awaitable[str | None]],
        say: Callable[[str], None],
        prompt: Callable[[], None],
        width: int,
    ) -> None:
        self.read = read
        self.print = say
        self.prompt = prompt
        self.width = width
        self.over = False
        self.away = False
        """Whether a program has the terminal, and Ctrl-C is its own."""
        self.stopped = UNDONE
        """What is said of what is done now when Ctrl-C ends it."""
        self._action: asyncio.Task[None] | None = None
        self._interrupted = False
        self._reading = False
        self._later: dict[str, Callable[[], None]] = {}

    def say(self, text: str) -> None:
        """A paragraph, wrapped."""
        for line in wrap(shown(text), self.width):
            self.print(line)

    async def run(self, first: Work, obey: Callable[[str], Work]) -> None:
        """Do `first`, then `obey` each line, until `over` is set or the input ends."""
        loop = asyncio.get_running_loop()
        # On the loop: Python's own handler would raise KeyboardInterrupt wherever it is, and end
        # the talk.
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        try:
            await self._act(first)
            while not self.over:
                line = await self._next_line()
                if line is None:
                    self.over = True
                elif line.strip():
                    await self._act(obey(line.strip()))
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    async def _next_line(self) -> str | None:
        self.prompt()
        self._reading = True
        try:
            return await self.read()
        finally:
            self._reading = False

    def _interrupt(self) -> None:
        if self.away:
            # The program in the foreground has had the key itself.
            return
        if self._action is None:
            self.print("")
            self.say("Type `quit` to leave, or any other command to go on.")
            self.prompt()
            return
        self._interrupted = True
        self._action.cancel()

    async def _act(self, work: Work) -> None:
        """Do one thing; say what went wrong; Ctrl-C ends the thing, not the talk."""
        self._interrupted, self.stopped = False, UNDONE
        # What it raises is heard here, where it is awaited.
        self._action = begin(work, broken=lambda _: None)
        try:
            await self._action
        except asyncio.CancelledError:
            if not self._interrupted:
                # The whole program is to end: that is not for the talk to catch.
                raise
            self.say(f"Interrupted. {self.stopped}")
        except InfralabError as error:
            self.say(f"That did not work: {error}")
            if error.hint:
                self.say(error.hint)
            if isinstance(error, AgentLost | DaemonDown):
                self.say("`repair` starts again what was stopped.")
        finally:
            self._action = None
        later, self._later = self._later, {}
        for tell in later.values():
            tell()

    # -- what happens meanwhile ------------------------------------------------------------------

    def between(self, topic: str, tell: Callable[[], None]) -> None:
        """Tell at once while a line is waited for, else when what is done now is done.

        Of one topic only the last is told.
        """
        if not self._reading:
            self._later[topic] = tell
            return
        self.print("")
        tell()
        self.prompt()

    def forget(self, topic: str) -> None:
        """Do not tell what is outdated."""
        self._later.pop(topic, None)
