"""What doctor says of the features of the kernel that steps of the course ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from lab_engine.bench.features import Kernel
from lab_engine.course.lesson import Step
from lab_engine.doctor import docker, features
from lab_engine.doctor.machine import Finding, Output, State
from lab_engine.errors import BenchError
from tests.doctor.test_doctor import Fake, healthy
from tests.kit import Kit

WIREGUARD = Kernel("6.1-test", named=frozenset({"wireguard"}), config={"X": "y"})


@dataclass
class Standing(Fake):
    """On an engine with this kernel; None where it cannot be asked yet."""

    kernel_there: Kernel | BenchError | None = field(default=None)

    def under_benches(self) -> Kernel | None:
        if isinstance(self.kernel_there, BenchError):
            raise self.kernel_there
        return self.kernel_there


@pytest.fixture
def asking(kit: Kit) -> Sequence[Step]:
    """One step, which needs two features."""
    path = "content/07.6-bridges/10-one.md"
    kit.change(path, "minutes = 5", 'minutes = 5\nneeds_kernel = ["wireguard", "8021q"]')
    return kit.lesson().steps


def look(kernel: Kernel | BenchError | None, asking: Sequence[Step]) -> list[Finding]:
    machine = Standing(healthy().answers, kernel_there=kernel)
    return features.features(machine, docker.ask(machine), asking)


def test_what_is_lacking_is_named_with_the_steps_and_the_way(asking: Sequence[Step]) -> None:
    (found,) = look(WIREGUARD, asking)
    assert found.state is State.LIMITED, "the course can be taken"
    assert "6.1-test, under benches: no use of VLANs (802.1Q)" in found.found
    assert "WireGuard" not in found.found
    assert found.lost == "Steps that ask for that: bridges / one."
    assert found.mend.startswith("infralab machine create")


def test_a_kernel_that_has_it_all_is_well(asking: Sequence[Step]) -> None:
    (found,) = look(Kernel("6.1-test", named=frozenset({"wireguard", "8021q"})), asking)
    assert found.state is State.OK
    assert found.lost == found.mend == ""


def test_an_older_machine_is_made_again(asking: Sequence[Step]) -> None:
    (found,) = look(Kernel("6.1-test", config={"X": "y"}, own=True), asking)
    assert "the machine's, and older" in found.found
    assert found.mend.startswith("infralab machine stop")


def test_one_that_cannot_be_asked_is_unknown_or_nothing(asking: Sequence[Step]) -> None:
    (found,) = look(BenchError("there is no bench image", hint="Make it."), asking)
    assert (found.state, found.found, found.mend) == (
        State.UNKNOWN,
        "there is no bench image",
        "Make it.",
    )
    assert look(None, asking) == []
    machine = Standing(kernel_there=WIREGUARD, answers={"docker version": Output(1, err="none")})
    assert features.features(machine, docker.ask(machine), asking) == []


def test_where_no_step_asks_nobody_is_asked() -> None:
    assert look(BenchError("asked"), ()) == []


def test_the_courses_own_steps_are_those_that_ask() -> None:
    assert [step for step in features.steps() if not step.needs_kernel] == []
