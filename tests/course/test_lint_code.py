"""What lint reads from a check without running it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from lab_engine.authoring import FileProbe, require_same_file
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


async def by_a_requirement(see: Any, v: Drawn) -> None:
    await require_same_file(see, v.name)


def test_what_a_requirement_says_and_asks_counts_as_the_checks() -> None:
    assert {"other-content", "no-plain-file"} <= code.strings(by_a_requirement)
    assert FileProbe in code.probes(by_a_requirement)
    assert "before" in code.names([by_a_requirement])
    assert code.fields_read([by_a_requirement], Drawn) == {"name"}
