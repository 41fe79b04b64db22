from __future__ import annotations

from fractions import Fraction

from lab_engine.session import points
from lab_engine.session.record import TaskState


def state(*, passed: bool = True, given: bool = False, hints: int = 0) -> TaskState:
    return TaskState("step", "task", passed, given, 5, hints)


def test_each_hint_costs_a_fifth_down_to_two_fifths() -> None:
    assert [points.worth(5, hints) for hints in range(5)] == [5, 4, 3, 2, 2]
    assert points.cost(5, 2) == 1
    assert points.cost(5, 3) == 0


def test_what_was_given_or_not_passed_earns_nothing() -> None:
    assert points.earned(state()) == 5
    assert points.earned(state(given=True)) == 0
    assert points.earned(state(passed=False)) == 0
    assert points.total([state(hints=1), state()]) == 9


def test_points_read_well() -> None:
    assert points.shown(Fraction(2)) == "2"
    assert points.shown(Fraction(8, 5)) == "1.6"


def test_an_assessed_session_allows_one_hint() -> None:
    assert points.hints_allowed("assessed") == 1
    assert points.hints_allowed("practice") is None
