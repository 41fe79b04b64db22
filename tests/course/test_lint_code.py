"""What lint reads from a check without running it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from lab_engine.course.lab import Variables
from lab_engine.course.lint import code


class Drawn(Variables, frozen=True):
    name: str = "web"
    port: int = 80
    hostname: str = "box"
    unread: str = ""


async def plain(see: Any, v: Drawn) -> None:
    process = SimpleNamespace(hostname="x")
    assert process.hostname == v.name


async def helped(see: Any, v: Drawn) -> None:
    assert helper(v)


def helper(v: Drawn) -> list[int]:
    return [v.port for _ in range(2) if f"{v.name}"]


def decorated(made: Callable[..., Any]) -> Callable[..., Any]:
    return made


@decorated
@decorated
async def inner(see: Any, values: Drawn) -> None:
    def later() -> str:
        return values.hostname.upper()

    assert sorted([1], key=lambda _: values.port)
    assert later()


@pytest.mark.parametrize(
    ("check", "names"),
    [
        (plain, {"name"}),
        (helped, {"name", "port"}),
        (inner, {"hostname", "port"}),
        (lambda see, v: v.name, {"name"}),
    ],
)
def test_the_variables_that_a_check_reads(check: Callable[..., Any], names: set[str]) -> None:
    assert code.wanted(check, Drawn) == names
