"""What a requirement is made of: asking, and ending with evidence when something does not hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol, TypeVar, overload

import msgspec

from lab_engine.common.place import Place, parse
from lab_engine.common.probe import Probe

R1 = TypeVar("R1", bound=msgspec.Struct)
R2 = TypeVar("R2", bound=msgspec.Struct)
R3 = TypeVar("R3", bound=msgspec.Struct)


class Look(msgspec.Struct, frozen=True):
    """How the learner sees it: a command that says more than a plain text does.

        require(..., look=Look("docker exec c3 wget -qO- http://127.0.0.1/", fails=True))

    Args:
        command: one line of shell.
        fails: whether it ends with another code than 0, as where nothing answers.
        console: the VM on whose console it is typed; empty for the learner's shell.
    """

    command: str
    fails: bool = False
    console: str = ""


def look_at(where: Place, command: str, *, fails: bool = False) -> Look:
    """A look at something in a place, by a command that has the place's `prefix` already."""
    kind, name = parse(where)
    return Look(command, fails, name if kind == "guest" else "")


class Evidence(msgspec.Struct, frozen=True):
    """Why a check failed.

    `expected` and `observed` are short sentences; `look` is a command with which the learner sees
    it, `look_fails` and `console` are those of `Look`. `reason` is a short stable name of the
    mistake, which near misses refer to.
    """

    reason: str
    expected: str
    observed: str
    look: str = ""
    look_fails: bool = False
    console: str = ""


class See(Protocol):
    """Asks the agent. Several probes in one call are one round trip."""

    @overload
    async def __call__(self, a: Probe[R1], /) -> R1: ...
    @overload
    async def __call__(self, a: Probe[R1], b: Probe[R2], /) -> tuple[R1, R2]: ...
    @overload
    async def __call__(self, a: Probe[R1], b: Probe[R2], c: Probe[R3], /) -> tuple[R1, R2, R3]: ...
    @overload
    async def __call__(self, *probes: Probe[Any]) -> Any: ...

    async def before(self, probe: Probe[R1], /) -> R1:
        """The reading taken when the step began: the baseline that "X is gone" needs."""
        ...

    async def earliest(self, probe: Probe[R1], /) -> R1:
        """The reading taken when the step began where there is one, else that of now."""
        ...


class Unmet(Exception):
    """Raised by `require` inside a check; becomes a failing verdict."""

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence.expected)
        self.evidence = evidence


def require(
    condition: object, reason: str, *, expected: str, observed: str, look: str | Look = ""
) -> None:
    """End the check with a fail unless `condition` is true.

    Args:
        condition: what must hold.
        reason: short name of the mistake, such as `default-bridge`; near misses name it.
        expected: what the task asked for, as a short sentence.
        observed: what is there instead.
        look: the command that shows it. The proof runs it: it must end with 0, or be a `Look` that
            says otherwise.
    """
    if not condition:
        seen = Look(look) if isinstance(look, str) else look
        raise Unmet(Evidence(reason, expected, observed, seen.command, seen.fails, seen.console))


async def require_all(*statements: Awaitable[object]) -> None:
    """Several statements at once: as quick as the slowest of them.

        await require_all(*(require_container(see, name) for name in ("a", "b", "c")))

    The first, in this order, that does not hold ends the check. Reasons: those of the statements.
    """
    ended = await asyncio.gather(*statements, return_exceptions=True)
    for one in ended:
        if isinstance(one, BaseException):
            raise one
