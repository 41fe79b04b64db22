"""The benchmarks' arithmetic on given numbers; what they time is not started here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import grown, latency, namespaces, proof_cost
from benchmarks.__main__ import listed
from benchmarks.inside import containers as inside_containers
from benchmarks.inside import namespaces as inside_namespaces
from benchmarks.measure import (
    HEADS,
    Aim,
    Comparison,
    Machine,
    Result,
    Timing,
    as_json,
    rows,
    table,
    timings,
    told,
)
from lab_engine.course.faults import verify
from lab_engine.course.seed import Seed
from lab_engine.proof.result import CaseResult, LessonProof

OURS = Timing("infralab", (3.0, 1.0, 2.0))
PEER = Timing("peer", (4.0, 8.0, 6.0, 2.0))
MACHINE = Machine(2, "6.1", "tcg", (0.1, 0.25), "2026-01-01 00:00 UTC")


def result(*comparisons: Comparison) -> Result:
    return Result("things", MACHINE, comparisons, {"size": "3 MiB"}, ("A note.",))


def test_median_least_and_ratio() -> None:
    one = Comparison("it", OURS, (PEER,))
    assert (OURS.median, OURS.least) == (2.0, 1.0)
    assert PEER.median == 5.0
    assert one.ratio(PEER) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("part", "wanted"), [(0, 1.0), (50, 100.0), (95, 190.0), (99.9, 200.0), (100, 200.0)]
)
def test_a_percentile_is_a_time_that_was_measured(part: float, wanted: float) -> None:
    backwards = Timing("x", tuple(float(n) for n in range(200, 0, -1)))
    assert backwards.percentile(part) == wanted


@pytest.mark.parametrize(
    ("aim", "reached", "met"),
    [
        (None, None, None),
        (Aim(0.4, "ratio", "peer"), 0.4, True),
        (Aim(0.39, "ratio", "peer"), 0.4, False),
        (Aim(0.4, "ratio", "somebody else"), None, None),
        (Aim(2.0, "median"), 2.0, True),
        (Aim(2.9, "p95"), 3.0, False),
    ],
)
def test_an_aim_is_met_or_missed(aim: Aim | None, reached: float | None, met: bool | None) -> None:
    one = Comparison("it", OURS, (PEER,), aim)
    assert one.reached == (None if reached is None else pytest.approx(reached))
    assert one.met is met


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0123456, "12.3 ms"), (0.9996, "1.00 s"), (1.234, "1.23 s"), (123.4, "123 s"), (0, "0 ms")],
)
def test_times_are_told_with_three_digits(seconds: float, text: str) -> None:
    assert told(seconds) == text


def test_the_table_has_a_row_a_side_and_the_aim_where_it_belongs() -> None:
    against = Comparison("one", OURS, (PEER,), Aim(0.5, "ratio", "peer"))
    own = Comparison("two", OURS, (PEER,), Aim(1.0, "median"))
    assert rows(result(against, own)) == [
        ("one", "infralab", "2.00 s", "1.00 s", "", "3", "", ""),
        ("", "peer", "5.00 s", "2.00 s", "", "4", "0.40", "ratio at most 0.5: met"),
        ("two", "infralab", "2.00 s", "1.00 s", "", "3", "", "median at most 1.00 s: missed"),
        ("", "peer", "5.00 s", "2.00 s", "", "4", "0.40", ""),
    ]


def test_the_95th_percentile_is_told_from_enough_times_only() -> None:
    few, many = (Comparison("it", Timing("x", (0.5,) * n)) for n in (19, 20))
    assert [row[HEADS.index("p95")] for row in rows(result(few, many))] == ["", "500 ms"]


def test_the_table_is_markdown_with_the_machine_and_the_load() -> None:
    lines = table(result(Comparison("it", OURS, (PEER,)))).splitlines()
    assert lines[0] == (
        "things: 2 cores, Linux 6.1, tcg, load 0.1 before and 0.25 after, 2026-01-01 00:00 UTC"
    )
    assert len({len(line) for line in lines[2:6]}) == 1
    assert all(line.count("|") == len(HEADS) + 1 for line in lines[2:6])
    assert lines[-3:] == ["- size: 3 MiB", "", "A note."]


def test_json_has_every_time_and_what_follows_from_them() -> None:
    data = json.loads(as_json(result(Comparison("it", OURS, (PEER,), Aim(0.5, "ratio", "peer")))))
    (one,) = data["comparisons"]
    assert one["ours"]["seconds"] == [3.0, 1.0, 2.0]
    assert one["median"] == {"infralab": 2.0, "peer": 5.0}
    assert one["ratio"] == {"peer": 0.4}
    assert one["met"] is True


def test_sides_without_times_are_left_out() -> None:
    assert timings({"a": [1.0], "b": []}) == (Timing("a", (1.0,)),)


def test_linearity_is_the_cost_of_one_at_both_sizes() -> None:
    lines = [
        Comparison("100 up", Timing("infralab", (1.0,))),
        Comparison("1000 up", Timing("infralab", (15.0,))),
    ]
    assert namespaces.linearity(lines, 100, 1000).startswith("1.50 (10.00 ms each at 100")


def test_a_thousand_addresses_are_different_and_inside_their_network() -> None:
    addresses = [inside_namespaces.address(i) for i in range(1000)]
    assert len(set(addresses)) == 1000
    assert {a.rpartition("/")[2] for a in addresses} == {"16"}
    assert len(inside_namespaces.wanted(10)) == 31


def test_compose_is_asked_for_the_same_containers() -> None:
    file = json.loads(inside_containers.compose_file(3))
    ours = [one.name for one in inside_containers.wanted(3) if one.kind() == "container"]
    assert [service["container_name"] for service in file["services"].values()] == ours


@pytest.mark.parametrize("count", [12, 200])
def test_events_go_there_and_back_with_vms_at_the_end(count: int) -> None:
    tasks = latency.order(count)
    assert len(tasks) == count
    assert all(tasks.count(task) % 2 == 0 for task in latency.COMMANDS)
    first = tasks.index("vm")
    assert set(tasks[first:]) == {"vm"}


def test_events_without_a_verdict_are_counted_and_not_averaged() -> None:
    lines, missed = latency.compared({"file": [0.1, None, 0.3], "vm": [0.9], "link": [None]})
    assert missed == 2
    assert [(one.what, one.ours.seconds) for one in lines] == [
        ("file", (0.1, 0.3)),
        ("vm", (0.9,)),
        ("all but VMs", (0.1, 0.3)),
    ]
    assert [one.aim.most for one in lines if one.aim] == [0.15, 1.0, 0.15]


def test_the_busy_step_is_a_lesson_that_may_be_taken(tmp_path: Path) -> None:
    lesson = latency.busy_lesson(tmp_path / "content")
    verify(lesson, Seed("any"))
    assert {check.task for check in lesson.lab.steps["busy"].checks} == set(latency.COMMANDS)


def test_only_cases_that_are_done_again_and_again_count_for_the_cost_of_a_proof() -> None:
    cases = [
        CaseResult("s", "start", "", 50.0),
        CaseResult("s", "solution", "a", 1.0),
        CaseResult("s", "near-miss", "b", 2.0),
        CaseResult("s", "near-miss", "c", 4.0),
    ]
    proofs = [LessonProof("keeping-data", "1", tuple(cases), 60.0)]
    found = {one.what: one.ours.seconds for one in proof_cost.compared(proofs)}
    assert found == {
        "keeping-data, solution": (1.0,),
        "keeping-data, near-miss": (2.0, 4.0),
        "keeping-data, all cases": (1.0, 2.0, 4.0),
    }


def test_all_benchmarks_are_listed_with_what_they_measure() -> None:
    known = listed()
    assert {"bench_ready", "containers", "latency", "namespaces", "proof_cost", "vms"} <= set(known)
    assert all(known.values())
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks"], capture_output=True, text=True, check=True, timeout=30
    )
    assert all(name in done.stdout for name in known)
    wrong = subprocess.run(
        [sys.executable, "-m", "benchmarks", "no-such"],
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert wrong.returncode == 2


def test_growth_is_what_one_costs_by_what_it_cost_before() -> None:
    small = grown.Point(10, (1.0, 3.0, 2.0), bytes=10 << 20, descriptors=12)
    large = grown.Point(100, (30.0,), bytes=200 << 20, descriptors=15)
    told = grown.growth([small, large])
    assert told == "1.50 (100 by 10); 2.0 MiB each; 15 descriptors, 12 before"
    assert grown.growth([grown.Point(1, (1.0,)), grown.Point(2, (2.0,))]) == "1.00 (2 by 1)"


def test_a_picture_is_laid_out_once_a_round() -> None:
    assert len(grown.boxes(12, 7).seconds) == 7
