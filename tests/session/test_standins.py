"""What stands in for a session takes the same calls as the real one, or its tests prove nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab_engine.session.session import Session
from lab_engine.session.solving import Solving
from tests.plain.test_plain import Standing
from tests.tui.standin import StandIn

OWN = {
    "happen": "the test's way to have something happen",
    "exec_argv": "the stand-in is its own bench",
}
LESS = ("begin", "check", "verdicts")
"""Those that front ends call without what only tools and tests give."""


def methods(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, method in inspect.getmembers(kind, callable):
        if not name.startswith("_") and name not in OWN:
            yield name, method


def real(name: str) -> Callable[..., Any]:
    """The method of the session, or of the part that it holds for solutions."""
    found: Callable[..., Any] = getattr(Session, name, None) or getattr(Solving, name)
    return found


def names(method: Callable[..., Any]) -> tuple[set[str], bool]:
    """What it takes, and whether it takes any other keyword."""
    parameters = inspect.signature(method).parameters.values()
    others = any(one.kind is one.VAR_KEYWORD for one in parameters)
    return {one.name for one in parameters if one.kind is not one.VAR_KEYWORD}, others


@pytest.mark.parametrize("kind", [StandIn, Standing])
def test_a_stand_in_takes_what_the_session_takes(kind: type) -> None:
    for name, method in methods(kind):
        own, others = names(method)
        wanted, _ = names(real(name))
        assert own <= wanted, f"{name} takes {own - wanted}, which the session's does not"
        assert others or name in LESS or own >= wanted, f"{name} does not take {wanted - own}"
        assert inspect.iscoroutinefunction(method) == inspect.iscoroutinefunction(real(name)), name
