from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from lab_engine.common.evidence import See, require
from lab_engine.common.probe import Probe, Reading
from lab_engine.course.lab import Lab, LabStep, Variables
from lab_engine.course.verdict import Outcome
from lab_engine.errors import ContentError
from lab_engine.protocol import Answer
from lab_engine.session.check import read_start, run_checks


class CountReading(Reading, frozen=True):
    count: int


class CountProbe(Probe[CountReading], frozen=True, tag="count"):
    of: str
    reading = CountReading

    def topics(self) -> frozenset[str]:
        return frozenset({f"count:{self.of}"})


class Bench:
    """Counts of things, as an agent would answer them."""

    def __init__(self, **counts: int) -> None:
        self.counts = counts

    async def ask(self, probes: Sequence[Probe[Any]]) -> list[Answer]:
        return [self._answer(probe) for probe in probes]

    def _answer(self, probe: Probe[Any]) -> Answer:
        assert isinstance(probe, CountProbe)
        if probe.of not in self.counts:
            return Answer(problem="the daemon does not answer", hint="Run `infralab repair`.")
        return Answer(msgspec.Raw(msgspec.json.encode(CountReading(self.counts[probe.of]))))


@pytest.fixture
def step() -> LabStep:
    step = Lab("test", Variables).step("one")

    @step.check("make", points=2)
    async def made(see: See, v: Variables) -> None:
        there = await see(CountProbe("x"))
        require(there.count > 0, "none", expected="an x", observed=f"{there.count} x", look="ls x")

    @step.check("gone", needs=["make"], gone=True)
    async def gone(see: See, v: Variables) -> None:
        before = await see.before(CountProbe("y"))
        now = await see(CountProbe("y"))
        require(before.count == 1, "no-baseline", expected="one y before", observed="none")
        require(now.count == 0, "still-there", expected="no y", observed="a y")

    step.near_miss("m", lambda v: [], rejected_by="make", reason="none", explain="you made none")
    return step


async def test_a_fail_carries_evidence_and_the_near_miss_explanation(step: LabStep) -> None:
    verdicts, _ = await run_checks(step, Variables(), Bench(x=0, y=1).ask, {})
    assert verdicts[0].outcome is Outcome.FAIL
    assert verdicts[0].evidence is not None
    assert verdicts[0].evidence.look == "ls x"
    assert verdicts[0].explanation == "you made none"
    assert verdicts[1].outcome is Outcome.WAITING


async def test_what_is_gone_is_judged_by_the_baseline(step: LabStep) -> None:
    bench = Bench(x=0, y=1)
    baseline, before = await read_start(step, Variables(), bench.ask)
    assert [v.outcome for v in before] == [Outcome.FAIL, Outcome.FAIL]
    bench.counts = {"x": 1, "y": 0}
    verdicts, inquiries = await run_checks(step, Variables(), bench.ask, baseline)
    assert [v.outcome for v in verdicts] == [Outcome.PASS, Outcome.PASS]
    assert inquiries["gone"].topics == {"count:y"}
    assert inquiries["gone"].used_before


async def test_a_broken_check_is_an_error_and_never_a_fail(step: LabStep) -> None:
    verdicts, _ = await run_checks(step, Variables(), Bench(y=1).ask, {})
    assert verdicts[0].outcome is Outcome.ERROR
    assert verdicts[0].message == "the daemon does not answer Run `infralab repair`."

    @step.check("bug")
    async def bug(see: See, v: Variables) -> None:
        raise KeyError("oops")

    verdicts, _ = await run_checks(step, Variables(), Bench(x=1, y=1).ask, {})
    assert verdicts[2].outcome is Outcome.ERROR
    assert "not your fault" in verdicts[2].message


async def test_before_without_a_baseline_reading_is_an_error(step: LabStep) -> None:
    verdicts, _ = await run_checks(step, Variables(), Bench(x=1, y=0).ask, {})
    assert verdicts[1].outcome is Outcome.ERROR
    assert "see.before" in verdicts[1].message


def test_two_checks_of_one_task_are_refused(step: LabStep) -> None:
    with pytest.raises(ContentError, match="'make' has two checks"):
        step.check("make")(step.checks[0].function)
