"""Assignments: when they are due, and what late work loses."""

from __future__ import annotations

import tomllib
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import pytest

from lab_engine.errors import ContentError, UsageError
from lab_engine.grading.assignment import lateness, terms
from lab_engine.grading.assignment.terms import Assignment
from tests.kit import Kit

LINES = {
    "id": '"week-3"',
    "title": '"Walls"',
    "due": "2027-01-31T23:59:00",
    "zone": '"Europe/Berlin"',
    "grace": '"15m"',
    "late": '{ penalty = 10, per = "24h", most = 50 }',
    "lessons": '[{ slug = "bridges", steps = ["one"], weight = 2 }]',
}


def assignment(**changes: str) -> Assignment:
    lines = [f"{name} = {value}" for name, value in (LINES | changes).items() if value]
    return terms.parse(tomllib.loads("\n".join(lines)), where="week-3.toml")


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_what_it_says() -> None:
    made = assignment()
    assert made.due == at("2027-01-31T22:59:00+00:00")
    assert made.due_text == "2027-01-31 23:59 CET"
    assert made.grace == 900
    assert (made.attempts, made.counts, made.mode, made.hints) == (1, "best", "assessed", 1)
    assert made.lesson("bridges") == made.lessons[0]
    assert made.lesson("other") is None


def test_an_offset_needs_no_zone() -> None:
    made = assignment(due="2027-01-31T23:59:00+05:30", zone="")
    assert made.due == at("2027-01-31T18:29:00+00:00")


def test_of_an_hour_that_comes_twice_the_later_counts() -> None:
    made = assignment(due="2026-10-25T02:30:00")
    assert made.due == at("2026-10-25T01:30:00+00:00")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"zone": ""}, "at no known place"),
        ({"zone": '"Europe/Atlantis"'}, "no time zone"),
        ({"zone": '"../../etc/passwd"'}, "no time zone"),
        ({"due": "2027-03-28T02:30:00"}, "does not exist"),
        ({"due": "2027-01-31T23:59:00Z"}, "says another"),
        ({"due": '"soon"'}, "due"),
        ({"grace": '"a while"'}, "no time"),
        ({"late": '{ penalty = 10, per = "0" }'}, "no time at all"),
        ({"late": "{ penalty = 110 }"}, "penalty"),
        ({"lessons": "[]"}, "lessons"),
        ({"lessons": '[{ slug = "a" }, { slug = "a" }]'}, "twice"),
        ({"lessons": '[{ slug = "a", weight = -1 }]'}, "weight"),
        ({"points": "0"}, "points"),
        ({"points": "nan"}, "points"),
        ({"attempts": "0"}, "attempts"),
        ({"id": '"../x"'}, "id"),
        ({"bonus": "3"}, "bonus"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, str], says: str) -> None:
    with pytest.raises(ContentError, match=r"week-3\.toml") as caught:
        assignment(**changes)
    assert says in caught.value.message


def test_a_file(tmp_path: Path, kit: Kit) -> None:
    path = tmp_path / "week-3.toml"
    path.write_text("\n".join(f"{name} = {value}" for name, value in LINES.items()))
    terms.verify(terms.read(path), kit.load())
    path.write_text(path.read_text().replace('"one"', '"none"'))
    with pytest.raises(UsageError, match=r"no step 'none'"):
        terms.verify(terms.read(path), kit.load())
    with pytest.raises(UsageError, match=r"no assignment"):
        terms.read(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (-3600, Fraction(1)),
        (0, Fraction(1)),
        (900, Fraction(1)),
        (901, Fraction(9, 10)),
        (24 * 3600, Fraction(9, 10)),
        (24 * 3600 + 1, Fraction(8, 10)),
        (4 * 24 * 3600 + 1, Fraction(1, 2)),
        (400 * 24 * 3600, Fraction(1, 2)),
    ],
)
def test_late_work_loses_what_was_said(after: int, left: Fraction) -> None:
    made = assignment()
    assert lateness.factor(made, made.due + after) == left


def test_late_is_told() -> None:
    made = assignment()
    assert lateness.told(made, made.due + 5) == ""
    assert lateness.told(made, made.due + 5400) == "1 h 30 min late: 10 % less"


def test_without_terms_late_work_counts_nothing() -> None:
    made = assignment(late="")
    assert lateness.factor(made, made.due + 901) == 0
