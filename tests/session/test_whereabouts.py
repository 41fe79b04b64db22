"""Where a learner is: from the record, and over engines that fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lab_engine.bench import engine, owner
from lab_engine.common.evidence import Evidence
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import DockerUnavailable
from lab_engine.grading.insight.at_work import span, told, workers
from lab_engine.session import present, whereabouts
from lab_engine.session.present import Engine, Presence
from lab_engine.session.record import Record
from lab_engine.session.whereabouts import Whereabouts


def where(**fields: Any) -> Whereabouts:
    given: dict[str, Any] = {
        "lesson": "bridges", "step": "two", "number": 2, "steps": 3, "passed": 0, "tasks": 2,
        "entered": 1000.0, "progressed": 1000.0, "touched": 1000.0, "mode": "practice",
        "seed": "5eed", "task": "run", "reason": "absent", "expected": "a network",
        "observed": "none",
    }  # fmt: skip
    return Whereabouts(**(given | fields))


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    made = Record(tmp_path / "data" / "progress.sqlite")
    made.begin("aa11", "bridges", "seven")
    made.enter("aa11", "one", {})
    made.moment("aa11", "enter", "one")
    yield made
    made.close()


def failed(task: str) -> Verdict:
    return Verdict(task, Outcome.FAIL, 2, Evidence("absent", "a network", "none"))


def of(record: Record) -> Whereabouts:
    row = record.session("aa11")
    assert row is not None
    return whereabouts.of(record, row, None)


def test_progress_is_the_last_task_that_passed_first(record: Record) -> None:
    begun = of(record)
    assert (begun.step, begun.passed, begun.progressed) == ("one", 0, begun.entered)
    record.verdicts("aa11", "one", [Verdict("a", Outcome.PASS, 2), failed("b")])
    once = of(record)
    assert (once.passed, once.tasks, once.task, once.observed) == (1, 2, "b", "none")
    assert once.progressed > begun.entered
    record.verdicts("aa11", "one", [Verdict("a", Outcome.PASS, 2), failed("b")])
    again = of(record)
    assert again.progressed == once.progressed
    assert again == msgspec.structs.replace(once, touched=again.touched)
    assert again.touched > once.touched
    # The next step begins anew, also for the clock.
    record.enter("aa11", "two", {})
    record.moment("aa11", "enter", "two")
    after = of(record)
    assert (after.step, after.passed, after.task) == ("two", 0, "")
    assert after.progressed == after.entered > once.progressed
    assert after != msgspec.structs.replace(once, touched=after.touched)


class Api:
    """The part of Docker's SDK that is asked."""

    def __init__(self, *listed: dict[str, Any]) -> None:
        self.listed = listed

    def containers(self, **_: Any) -> tuple[dict[str, Any], ...]:
        return self.listed


class Client:
    def __init__(self, api: Api) -> None:
        self.api = api


def listed(session: str, **labels: str) -> dict[str, Any]:
    marks = {"infralab.session": session, "infralab.created": "2027-01-15T08:00:00+00:00"}
    return {"Id": session, "State": "running", "Labels": marks | labels}


class Course:
    lessons = ()


def test_every_engine_is_asked_and_none_holds_up_the_others(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = tmp_path / "data"
    mine = {owner.OWNER: owner.name(data_dir)}
    here = Api(
        listed("aa11", **mine, **{owner.PROCESS: ""}),
        listed("bb22", **mine, **{owner.PROCESS: "x"}),
    )
    there = Api(
        listed("cc33", **{owner.OWNER: "bob@desk-2:/home/bob"}), listed("dd44"),
    )  # fmt: skip

    def connect(timeout: int, host: str | None) -> Client:
        if host == "tcp://down:1":
            raise DockerUnavailable("no Docker engine answers", hint="Start it.")
        if host == "tcp://odd:1":
            raise RuntimeError("what nobody thought of")
        return Client(there if host else here)

    monkeypatch.setattr(engine, "connect", connect)
    before = (data_dir / "progress.sqlite").read_bytes()
    course: Any = Course()
    hosts = ["", "tcp://there:1", "tcp://down:1", "tcp://odd:1"]
    own, other, down, odd = present.look(hosts, course, data_dir)
    (me,) = own.benches
    assert me.where is not None
    assert (me.where.step, own.others) == ("one", 1)
    bob, nobody = other.benches
    assert (bob.who, bob.where) == ("bob@desk-2", None)
    assert (nobody.who, nobody.where, other.others) == ("somebody", None, 0)
    assert "no Docker engine answers" in down.trouble
    assert "what nobody thought of" in odd.trouble
    # It only reads.
    assert (data_dir / "progress.sqlite").read_bytes() == before


def test_who_stands_still_longest_comes_first() -> None:
    def bench(session: str, status: str = "running", **fields: Any) -> Presence:
        return Presence("", session, f"{session}@desk", status, 0.0, where(**fields))

    engines = [
        Engine("", (
            bench("new", progressed=1900.0), bench("still", progressed=1000.0),
            bench("stopped", "exited"), bench("ready", passed=2),
            bench("longer", progressed=500.0, seed="adas"),
            Presence("", "old", "old@desk", "running", 0.0, None),
        )),
    ]  # fmt: skip
    found = workers(engines, {"adas": "Ada (ada)"}, now=2000.0)
    assert [(one.who, one.how) for one in found] == [
        ("Ada (ada)", "stuck"), ("still@desk", "stuck"), ("new@desk", "works"),
        ("old@desk", "unknown"), ("ready@desk", "done"), ("stopped@desk", "stopped"),
    ]  # fmt: skip
    assert ("not yet", "run (absent)") in told(found[0], 2000.0)
    assert "only the record" in dict(told(found[3], 2000.0))["step"]


def test_spans() -> None:
    times = (None, 5.0, 65.0, 3700.0, 200_000.0)
    assert [span(one) for one in times] == ["", "5 s", "1 min", "1 h 01", "2 d 7 h"]
