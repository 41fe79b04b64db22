"""Doing a step by its solution, which counts as given: a part of a session (client side)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Protocol

from lab_engine.bench.container import Bench
from lab_engine.course.lab import LabStep, Solution, Variables
from lab_engine.course.verdict import Verdict
from lab_engine.errors import InfralabError, UsageError
from lab_engine.session import settling
from lab_engine.session.record import Record
from lab_engine.session.script import run_script, show_script


class StepAtHand(Protocol):
    """What solving needs to know of the session: where it is, and how its checks stand."""

    id: str
    mode: str
    step_name: str
    variables: Variables
    record: Record

    @property
    def bench(self) -> Bench: ...

    def lab_step(self) -> LabStep: ...

    async def check(self) -> tuple[list[Verdict], dict[str, Any]]: ...


class Solving:
    """The solutions of the step at hand. `session.solving` is the one of a session.

    `changing` is the session's lock: a solution and a change of step never work in the bench at
    one time. `giving` is true while what comes to pass is a solution's doing.
    """

    def __init__(self, at: StepAtHand, changing: asyncio.Lock) -> None:
        self._at = at
        self._changing = changing
        self.giving = False

    def solution(self, name: str | None = None) -> Solution:
        """A solution of the current step; the first one without a name.

        Raises UsageError for one that is not there, and in an assessed session.
        """
        step = self._at.lab_step()
        if self._at.mode == "assessed":
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
            await self.run(self._at.lab_step(), wanted, say)
            await self.settled()

    async def run(
        self, step: LabStep, solution: Solution, say: Callable[[str], None] | None = None
    ) -> None:
        """Only the commands of a solution: what comes of them is the caller's to look at.

        Raises InfralabError when one fails.
        """
        commands = list(solution.script(self._at.variables))
        if say:
            code, output = await show_script(self._at.bench, commands, say), ""
        else:
            ran = await run_script(self._at.bench, commands)
            code, output = ran.exit_code, f":\n{ran.output}"
        if code != 0:
            raise solution_failed(solution.name, step.name, output)

    @contextmanager
    def given(self) -> Iterator[None]:
        """While it is open, verdicts that are kept count as given, not earned."""
        self.giving = True
        try:
            yield
        finally:
            self.giving = False

    @asynccontextmanager
    async def by_solution(self, how: str = "type") -> AsyncIterator[None]:
        """While it is open, a task that comes to pass was done by a solution: it is given.

        `how` goes into the record, for a replay: "solve" for a script, "type" for lines that are
        typed into a recorded shell. What was done before is looked at first, and stays earned.
        """
        async with self._changing:
            await self._at.check()
            await self._note(how)
            try:
                with self.given():
                    try:
                        yield
                    finally:
                        # What it had done by then is not the learner's, even when it was stopped.
                        await self._at.check()
            finally:
                if how == "type":
                    await self._note("typed")

    async def _note(self, what: str) -> None:
        at = self._at
        await asyncio.to_thread(at.record.moment, at.id, what, at.step_name)

    async def settled(self) -> list[Verdict]:
        """The verdicts once all tasks pass, or once what was done had time for its effect."""
        verdicts, _ = await settling.settled(
            self._at.check,
            lambda seen: all(verdict.passed for verdict in seen[0]),
            settling.seconds(self._at.lab_step().checks, settling.PATIENT),
        )
        return verdicts


def solution_failed(solution: str, step: str, how: str) -> InfralabError:
    """A solution that does not work. `how` goes on from its name: which line, what it said."""
    return InfralabError(
        f"the solution {solution!r} of step {step} failed{how}",
        hint="If part of the step was done before, reset the step and try again. "
        "Otherwise this is a fault of the lesson: please report it.",
    )
