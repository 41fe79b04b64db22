"""Where an explanation may be shown, and where the author has to say so first."""

from __future__ import annotations

from lab_engine.common.evidence import Evidence
from lab_engine.course.lab import NearMiss, Solution
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.proof import explained


def failed(task: str, reason: str, explanation: str = "") -> Verdict:
    evidence = Evidence(reason, "e", "o")
    return Verdict(task, Outcome.FAIL, 1, evidence, explanation=explanation)


def miss(*also: str) -> NearMiss:
    return NearMiss("n", lambda v: ["true"], "one", "typo", "A typo.", also)


def solution(**lines: tuple[str, ...]) -> Solution:
    confirmed = {int(name.removeprefix("line")): reasons for name, reasons in lines.items()}
    return Solution("s", lambda v: ["true", "true"], explained=confirmed)


WIDE = failed("two", "late", "You were late.")


def test_nothing_is_explained_at_the_start() -> None:
    assert explained.at_start([failed("one", "absent"), WIDE]) == [
        "before any work, two is explained (late): You were late."
    ]
    assert explained.at_start([failed("one", "absent")]) == []


def test_a_near_miss_of_one_task_explains_no_other() -> None:
    own = failed("one", "typo", "A typo.")
    assert explained.after_near_miss([own, failed("two", "absent")], miss()) == []
    assert explained.after_near_miss([own, WIDE], miss()) == [
        "two is explained (late): You were late.; where that holds, say so: also=['late']"
    ]
    assert explained.after_near_miss([own, WIDE], miss("late")) == []
    assert explained.after_near_miss([own], miss("late")) == [
        "said to be explained, but nothing shows it: late"
    ]


def test_a_line_left_out_is_explained_where_the_author_says_so() -> None:
    assert explained.without_line([WIDE], solution(), 1) == [
        "two is explained (late): You were late.; where that holds, say so: explained={1: ['late']}"
    ]
    assert explained.without_line([WIDE], solution(line1=("late",)), 1) == []
    assert explained.without_line([WIDE], solution(line0=("late",)), 1) != []
    assert explained.without_line([failed("two", "late")], solution(line1=("late",)), 1) == [
        "said to be explained, but nothing shows it: late"
    ]
