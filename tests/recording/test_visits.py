"""What a record claims, visit by visit, and how it is compared."""

from __future__ import annotations

import json

import pytest

from lab_engine.recording.cast import Cast, Group, read_cast
from lab_engine.recording.replay import StepResult
from lab_engine.recording.visits import Claim, claims, visits
from lab_engine.session.record import Moment, PastVerdict


def verdict(at: float, outcome: str, *, given: bool = False, task: str = "t") -> PastVerdict:
    return PastVerdict(at, "one", task, outcome, given)


def cast(name: str, *events: tuple[float, str, str]) -> Cast:
    ours = {"place": "bench", "argv": ["bash", "-l"], "began": 0.0}
    lines = [{"version": 2, "width": 80, "height": 24, "infralab": ours}, *events]
    return read_cast(name, "".join(json.dumps(line) + "\n" for line in lines).encode())


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([verdict(1, "fail"), verdict(2, "fail")], Claim("t", 2, "fail", False)),
        ([verdict(1, "fail"), verdict(2, "pass"), verdict(3, "pass")], Claim("t", 2, "pass", True)),
        ([verdict(1, "pass"), verdict(2, "fail")], Claim("t", 1, "pass", True)),
        ([verdict(1, "pass", given=True)], Claim("t", 1, "pass", False)),
        ([verdict(1, "pass", given=True), verdict(2, "pass")], Claim("t", 2, "pass", True)),
        ([verdict(1, "pass"), verdict(2, "pass", given=True)], Claim("t", 1, "pass", True)),
    ],
)
def test_the_claim_for_a_task(rows: list[PastVerdict], wanted: Claim) -> None:
    assert claims(rows) == {"t": wanted}


def test_visits_hold_what_was_done_in_them_in_order() -> None:
    moments = [
        Moment(10, "enter", "one"),
        Moment(25, "reset", "one"),
        Moment(40, "enter", "two"),
        Moment(60, "enter", "one"),
    ]
    casts = [
        cast("a", (5, "i", "early\r"), (20, "i", "first\r"), (41, "i", "second\r")),
        cast("b", (22, "i", "beside\r"), (70, "i", "last\r")),
    ]
    history = [verdict(30, "pass"), verdict(71, "fail", task="u")]
    one, two, again = visits(moments, casts, history)
    assert [act.text if isinstance(act, Group) else type(act).__name__ for act in one.acts] == [
        "first\r",
        "beside\r",
        "Moment",
        "Claim",
    ]
    assert [act.shell for act in one.acts if isinstance(act, Group)] == [0, 1]
    assert (two.step, set(two.claims)) == ("two", set())
    assert (again.step, set(again.claims)) == ("one", {"u"})


def test_terminals_take_turns_by_the_last_key_of_each_piece() -> None:
    a = cast("a", (1, "i", "echo sl"), (9, "i", "ow\r"))
    b = cast("b", (5, "i", "echo quick\r"))
    (visit,) = visits([Moment(0, "enter", "one")], [a, b], [])
    texts = [act.text for act in visit.acts if isinstance(act, Group)]
    assert texts == ["echo quick\r", "echo slow\r"]


@pytest.mark.parametrize(
    ("recorded", "replayed", "different"),
    [
        ({"t": "pass"}, {"t": "pass"}, []),
        ({"t": "fail"}, {"t": "error"}, []),
        ({"t": "fail"}, {"t": "pass"}, ["t"]),
        ({"t": "pass"}, {"t": "fail"}, ["t"]),
        ({"t": "pass"}, {"t": "given"}, ["t"]),
        ({"t": "given"}, {"t": "given"}, []),
        ({"t": "pass"}, {}, ["t"]),
        ({}, {"t": "pass"}, []),
    ],
)
def test_what_differs(
    recorded: dict[str, str], replayed: dict[str, str], different: list[str]
) -> None:
    assert StepResult("one", recorded, replayed).different == different
