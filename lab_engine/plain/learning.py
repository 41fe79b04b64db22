"""What the plain walk needs of a session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from lab_engine.common.plan import Plan
from lab_engine.course.lab import Variables
from lab_engine.course.lesson import Lesson
from lab_engine.course.verdict import Verdict
from lab_engine.errors import WouldTake
from lab_engine.session.lookout import Checked
from lab_engine.session.record import Record


class Solves(Protocol):
    """See `lab_engine.session.solving.Solving`."""

    async def solve(
        self, name: str | None = None, *, say: Callable[[str], None] | None = None
    ) -> None: ...


class LearningSession(Checked, Protocol):
    """What the walk needs of `lab_engine.session.session.Session`."""

    id: str
    mode: str
    lesson: Lesson
    variables: Variables
    step_name: str
    news: tuple[str, ...]
    put_away: str
    record: Record

    async def at_stake(self, name: str) -> WouldTake | None: ...

    async def enter(
        self, name: str, *, agreed: bool = ..., on_notice: Callable[[Any], None] = ...
    ) -> Sequence[str]: ...

    async def check(self) -> tuple[list[Verdict], Any]: ...

    async def reset(self, *, on_notice: Callable[[Any], None] = ...) -> Any: ...

    async def repair(self, *, on_notice: Callable[[Any], None] = ...) -> None: ...

    async def plan(self) -> Plan: ...

    @property
    def solving(self) -> Solves: ...

    async def take_hint(self, task: str, number: int) -> None: ...

    async def found(self, name: str) -> Sequence[str]: ...

    def shell_argv(self, target: str = "bench", *, tty: bool = True) -> list[str]: ...
