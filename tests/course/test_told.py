"""A verdict in words."""

from __future__ import annotations

from lab_engine.cli.check import told as lines
from lab_engine.common.evidence import Evidence
from lab_engine.course import told
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.plain.spoken import verdict_lines

FAILED = Verdict(
    "up", Outcome.FAIL, 1, Evidence("down", "It is up.", "It is down.", "ip link"), "", "No `up`."
)
BROKE = Verdict("up", Outcome.ERROR, 2, message="the bench is gone")


def test_the_reasons_in_order() -> None:
    assert list(told.reasons(FAILED)) == [
        ("expected", "It is up."),
        ("observed", "It is down."),
        ("look", "ip link"),
        ("explanation", "No `up`."),
    ]
    assert list(told.reasons(BROKE)) == [("message", "the bench is gone")]
    assert list(told.reasons(Verdict("up", Outcome.PASS, 1))) == []


def test_a_look_says_on_which_console_it_is_typed() -> None:
    evidence = Evidence("down", "It is up.", "It is down.", "free -m", console="maple")
    failed = Verdict("up", Outcome.FAIL, 1, evidence)
    assert ("look", "free -m (on the console of maple)") in list(told.reasons(failed))


def test_in_one_line() -> None:
    assert told.line(FAILED) == "expected: It is up. observed: It is down."
    assert told.line(BROKE) == "the bench is gone"


def test_a_broken_check_is_never_the_learners_fault() -> None:
    assert told.trouble(BROKE) == "This is not your fault. The bench is gone"
    assert "could not look" in told.trouble(Verdict("up", Outcome.ERROR, 2))


def test_on_the_command_line() -> None:
    assert lines([FAILED, BROKE]) == [
        "NOT YET  up (1 point)",
        "    expected: It is up.",
        "    observed: It is down.",
        "    look:     ip link",
        "    why:      No `up`.",
        "CHECK BROKE up (2 points)",
        "    the bench is gone",
    ]


def test_line_by_line() -> None:
    assert list(verdict_lines(1, FAILED)) == [
        "Task 1 is not done yet.",
        "Expected: It is up.",
        "Found: It is down.",
        "To see it: ip link",
        "Perhaps: No `up`.",
    ]
    assert list(verdict_lines(1, BROKE)) == [
        "Task 1 could not be checked. This is not your fault. The bench is gone"
    ]
