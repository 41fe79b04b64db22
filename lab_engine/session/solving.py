"""The part of a session that does a step by its solution, which counts as given (client side)."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from lab_engine.bench.container import Bench
from lab_engine.course.lab import LabStep, Solution, Variables
from lab_engine.course.verdict import Verdict
from lab_engine.errors import InfralabError, UsageError
from lab_engine.session.record import Record
from lab_engine.session.script import SCRIPT_LIMIT, Ran, run_script, show_script

SETTLE_SECONDS = 2.0
"""What a solution did may have its effect so much later."""
SETTLE_PAUSE = 0.2


class Solving(ABC):
    """See `lab_engine.session.session.Session`, which has what this needs."""

    id: str
    mode: str
    step_name: str
    variables: Variables
    record: Record

    def __init__(self) -> None:
        self._changing = asyncio.Lock()
        self._giving = False

    @property
    @abstractmethod
    def bench(self) -> Bench: ...

    @abstractmethod
    def lab_step(self, name: str | None = None) -> LabStep: ...

    @abstractmethod
    async def check(
        self, tasks: Sequence[str] | None = None
    ) -> tuple[list[Verdict], dict[str, Any]]: ...

    async def script(
        self, commands: Sequence[str], *, strict: bool = True, limit: float = SCRIPT_LIMIT
    ) -> Ran:
        """See `lab_engine.session.script.run_script`."""
        return await run_script(self.bench, commands, strict=strict, limit=limit)

    # -- solutions -------------------------------------------------------------------------------

    def solution(self, name: str | None = None) -> Solution:
        """A solution of the current step; the first one without a name.

        Raises UsageError for one that is not there, and in an assessed session.
        """
        step = self.lab_step()
        if self.mode == "assessed":
            raise UsageError(
                "solutions are not shown in an assessed session",
                hint="A practice session of the same lesson shows them: `infralab up --new`.",
            )
        wanted = next((s for s in step.solutions if name in (None, s.name)), None)
        if wanted is None:
            raise UsageError(
                f"step {step.name} has no solution {name!r}",
                hint=f"It has: {', '.join(s.name for s in step.solutions)}.",
            )
        return wanted

    async def solve(
        self, name: str | None = None, *, say: Callable[[str], None] | None = None
    ) -> None:
        """Do the current step's tasks by its solution; they count as given, not earned.

        With `say` each command is told, and then what it prints, line by line. Raises
        InfralabError when a command fails.
        """
        wanted = self.solution(name)
        async with self.by_solution("solve"):
            await self._run(self.lab_step(), wanted, say)
            await self.settled()

    async def _run(
        self, step: LabStep, solution: Solution, say: Callable[[str], None] | None = None
    ) -> None:
        commands = list(solution.script(self.variables))
        if say:
            code, output = await show_script(self.bench, commands, say), ""
        else:
            ran = await self.script(commands)
            code, output = ran.exit_code, f":\n{ran.output}"
        if code != 0:
            raise solution_failed(solution.name, step.name, output)

    @asynccontextmanager
    async def by_solution(self, how: str = "type") -> AsyncIterator[None]:
        """While it is open, a task that comes to pass was done by a solution: it is given.

        `how` goes into the record, for a replay: "solve" for a script, "type" for lines that are
        typed into a recorded shell. What was done before is looked at first, and stays earned.
        """
        async with self._changing:
            await self.check()
            self.record.moment(self.id, how, self.step_name)
            self._giving = True
            try:
                yield
            finally:
                try:
                    # What it had done by then is not the learner's, even when it was stopped.
                    await self.check()
                finally:
                    self._giving = False
                    if how == "type":
                        self.record.moment(self.id, "typed", self.step_name)

    async def settled(self) -> list[Verdict]:
        """The verdicts once all tasks pass, or once what was done had time for its effect."""
        settle = max([SETTLE_SECONDS, *(check.settle for check in self.lab_step().checks)])
        loop = asyncio.get_running_loop()
        deadline = loop.time() + settle
        while True:
            verdicts, _ = await self.check()
            if all(verdict.passed for verdict in verdicts) or loop.time() > deadline:
                return verdicts
            await asyncio.sleep(SETTLE_PAUSE)


def solution_failed(solution: str, step: str, how: str) -> InfralabError:
    """A solution that does not work. `how` goes on from its name: which line, what it said."""
    return InfralabError(
        f"the solution {solution!r} of step {step} failed{how}",
        hint="If part of the step was done before, reset the step and try again. "
        "Otherwise this is a fault of the lesson: please report it.",
    )
