"""A solution, typed line by line into a shell in front of the learner. Knows nothing of textual."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from lab_engine.common.tasks import begin, end
from lab_engine.course.verdict import Verdict
from lab_engine.errors import InfralabError, UsageError, unexpected
from lab_engine.recording.orders import Orders
from lab_engine.tui.shells import SOLUTION, session_name

if TYPE_CHECKING:
    from lab_engine.session.session import Session

BENCH: Final = "bench"
WORK: Final = "cd ~/work"
NO_HISTORY: Final = "set +H"
"""A shell with somebody in it takes `!` for a command of before; a script does not."""
INTERRUPT: Final = "\x03"
QUOTE_NEXT: Final = "\x16"
LINE_SECONDS: Final = 0.6
"""A line takes about so long, however long it is."""
KEY_SECONDS: Final = 0.015
READ_SECONDS: Final = 0.25
"""A typed line stands for so long before Return, so that it can be read."""
NEAR_SECONDS: Final = 0.6
OPEN_SECONDS: Final = 20.0
PROMPT_SECONDS: Final = 2.0
SLICE_SECONDS: Final = 1.0
COMMAND_SECONDS: Final = 300.0


class Keyboard(Protocol):
    """Types into the learner's shells, while the learner's own keys wait."""

    async def take(self, target: str) -> None:
        """Bring a shell to the front, start it if need be, and hold it. Raises InfralabError."""

    def type(self, text: str) -> None:
        """Type into the shell that is held. Raises InfralabError when it has ended."""

    def release(self) -> None:
        """Give the shell back to the learner."""


class Demonstration:
    """Types one solution; begun when it is made.

    Args:
        session: where the step is.
        name: the solution's.
        keyboard: the learner's shells.
        tell: called when something here changed.
    """

    def __init__(
        self, session: Session, name: str, keyboard: Keyboard, tell: Callable[[], None]
    ) -> None:
        self.name = name
        self.line = 0
        """The command that is typed, from 1; 0 before the first."""
        self.lines = 0
        self.aside = ""
        """What runs in the bench's own shell, when the solution is typed in another one."""
        self.stopped = False
        self.trouble: InfralabError | None = None
        self.verdicts: list[Verdict] | None = None
        """How the tasks stand at the end; None when it did not come to that."""
        self._session = session
        self._keyboard = keyboard
        self._tell = tell
        self._orders = Orders(session.bench, "at_prompt.py")
        self._task = begin(self._run())

    @property
    def running(self) -> bool:
        return not self._task.done()

    @property
    def words(self) -> str:
        """What goes on, for the learner."""
        if not self.line:
            return "opening a shell for the solution"
        return f"typing the solution, line {self.line} of {self.lines}"

    def stop(self) -> None:
        """Type no further; what was typed stays."""
        self._task.cancel()

    async def close(self) -> None:
        await end(self._task)

    async def _run(self) -> None:
        try:
            await self._show()
        except asyncio.CancelledError:
            self.stopped = True
        except InfralabError as error:
            self.trouble = error
        except Exception as error:
            self.trouble = unexpected(error)
        finally:
            self._keyboard.release()
            # After the end of the task: up to here `running` is still true.
            self._task.add_done_callback(lambda _: self._tell())
            await self._orders.close()

    async def _show(self) -> None:
        session = self._session
        solution = session.solving.solution(self.name)
        commands = list(solution.script(session.variables))
        self.lines = len(commands)
        self._tell()
        await self._place()
        if any("!" in command for command in commands):
            await self._command(NO_HISTORY)
        async with session.solving.by_solution():
            for self.line, command in enumerate(commands, 1):
                self._tell()
                await self._command(command)
            await self._empty_line()
            self.verdicts = await session.solving.settled()

    # -- where -----------------------------------------------------------------------------------

    async def _place(self) -> None:
        """Take the bench's shell if it waits for a command, else one of the solution's own."""
        # The learner's own shell first: what is typed there stays in sight and in its history.
        for target in (BENCH, SOLUTION):
            await self._keyboard.take(target)
            found = await self._orders.give(find=session_name(target), limit=0.0)
            if not found["found"]:
                found = await self._orders.give(find=session_name(target), limit=OPEN_SECONDS)
            elif not found["clean"]:
                found = await self._orders.give(find=session_name(target), limit=NEAR_SECONDS)
            if found["free"] and (found["clean"] or await self._fresh_prompt()):
                if not found["home"]:
                    await self._command(WORK)
                return
            self.aside = self.aside or str(found["runs"])
            self._keyboard.release()
            self._tell()
        raise UsageError(
            "no shell here waits for a command",
            hint="End what runs there (q, exit or Ctrl-C), then try again.",
        )

    async def _empty_line(self) -> bool:
        """Whether the next line is empty. A terminal may have answered what a program asked it."""
        answer = await self._orders.give(listen=True)
        return bool(answer["clean"]) or await self._fresh_prompt()

    async def _fresh_prompt(self) -> bool:
        """Leave a half-typed line where it can be seen. False when no prompt of ours comes."""
        await self._orders.give(listen=True)
        self._keyboard.type(INTERRUPT)
        answer = await self._orders.give(wait=1, limit=PROMPT_SECONDS)
        return bool(answer["reached"])

    # -- typing ----------------------------------------------------------------------------------

    async def _command(self, command: str) -> None:
        """Type a command, of several lines perhaps, and wait for the prompt after it."""
        if not await self._empty_line():
            raise self._fault("finds the shell in use")
        *first, last = command.split("\n")
        for line in first:
            await self._line(line)
            await self._answered(prompts=0)
        await self._line(last)
        await self._answered(prompts=1)

    async def _answered(self, *, prompts: int) -> None:
        """Wait for so many prompts; with 0 until the shell wants something, be it more of it."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            # In slices: each answer also tells of a shell that has ended, or waits for something
            # else.
            answer = await self._orders.give(wait=prompts, limit=SLICE_SECONDS)
            self._judge(answer)
            if answer["reached"]:
                return
            if answer["idle"]:
                raise self._fault("left the shell waiting for more")
            if loop.time() - began > COMMAND_SECONDS:
                raise self._fault(f"took longer than {COMMAND_SECONDS:.0f} s")

    async def _line(self, text: str) -> None:
        await self._orders.give(listen=True)
        # A tab would ask the shell to complete a word.
        keys = text.replace("\t", QUOTE_NEXT + "\t")
        size = max(2, math.ceil(len(keys) * KEY_SECONDS / LINE_SECONDS))
        for start in range(0, len(keys), size):
            self._keyboard.type(keys[start : start + size])
            await asyncio.sleep(KEY_SECONDS)
        await asyncio.sleep(READ_SECONDS)
        self._keyboard.type("\r")

    def _judge(self, answer: dict[str, object]) -> None:
        codes = answer["codes"]
        assert isinstance(codes, list)
        if not answer["alive"]:
            raise self._fault("ended the shell")
        failed = next((code for code in codes if code), 0)
        if failed:
            raise self._fault(f"ended with exit code {failed}")

    def _fault(self, how: str) -> InfralabError:
        from lab_engine.session.solving import solution_failed

        what = f"line {self.line} of {self.lines}" if self.line else "what comes before it"
        return solution_failed(self.name, self._session.step_name, f": {what} {how}")
