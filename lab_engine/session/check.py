"""Run a step's checks (client side): typed probes in, verdicts out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from lab_engine.common.evidence import Evidence, Unmet
from lab_engine.common.patience import patient
from lab_engine.common.probe import Probe
from lab_engine.common.tasks import first
from lab_engine.course.lab import Check, LabStep, Variables
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import AgentLost, CheckError, InfralabError
from lab_engine.protocol import Answer

Ask = Callable[[tuple[Probe[Any], ...]], Awaitable[Sequence[Answer]]]
Readings = dict[str, bytes]
"""What probes were answered with, JSON by the JSON of the probe."""

CHECK_LIMIT = patient(60.0)


def probe_key(probe: Probe[Any]) -> str:
    return msgspec.json.encode(probe).decode()


class Inquiry:
    """What a check sees with, the `See` of labs: asks the agent, and remembers what it asked.

    `topics` are the events that may change the verdict, `readings` what was answered. `start` is
    what was answered at the step's start; None while that is being read.
    """

    def __init__(self, ask: Ask, start: Mapping[str, bytes] | None) -> None:
        self._ask = ask
        self._start = start
        self.topics: set[str] = set()
        self.readings: Readings = {}
        self.used_before = False

    async def __call__(self, *probes: Probe[Any]) -> Any:
        for probe in probes:
            self.topics |= probe.topics()
        answers = await self._ask(probes)
        readings = [
            self._read(probe, answer) for probe, answer in zip(probes, answers, strict=True)
        ]
        return readings[0] if len(readings) == 1 else tuple(readings)

    def _read(self, probe: Probe[Any], answer: Answer) -> msgspec.Struct:
        if answer.problem:
            raise CheckError(answer.problem, hint=answer.hint)
        # A Raw is a piece of the whole message, and would keep that (msgspec, Raw).
        self.readings[probe_key(probe)] = bytes(answer.reading)
        reading: msgspec.Struct = msgspec.json.decode(answer.reading, type=probe.reading)
        return reading

    async def before(self, probe: Probe[Any]) -> Any:
        self.used_before = True
        if self._start is None:
            return await self(probe)
        raw = self._start.get(probe_key(probe))
        if raw is None:
            raise CheckError(
                f"the step began without a reading of {probe_key(probe)}",
                hint="Ask `see.before` first in the check, whatever else it asks.",
            )
        return msgspec.json.decode(raw, type=probe.reading)

    async def earliest(self, probe: Probe[Any]) -> Any:
        raw = (self._start or {}).get(probe_key(probe))
        return await self(probe) if raw is None else msgspec.json.decode(raw, type=probe.reading)


async def run_check(
    check: Check, variables: Variables, ask: Ask, start: Mapping[str, bytes] | None
) -> tuple[Verdict, Inquiry]:
    """One check to its verdict. Never raises for what a check or a probe does wrong.

    Raises AgentLost when nobody is there to ask: that says nothing about the task.
    """
    began = time.monotonic()
    inquiry = Inquiry(ask, start)
    evidence: Evidence | None = None
    message = ""
    try:
        async with asyncio.timeout(CHECK_LIMIT):
            await check.function(inquiry, variables)
        outcome = Outcome.PASS
    except Unmet as unmet:
        outcome, evidence = Outcome.FAIL, unmet.evidence
    except TimeoutError:
        outcome, message = Outcome.ERROR, f"the check took longer than {CHECK_LIMIT:g} s"
    except AgentLost:
        raise
    except InfralabError as error:
        outcome = Outcome.ERROR
        message = " ".join(part for part in (error.message, error.hint) if part)
    except Exception as error:
        outcome = Outcome.ERROR
        message = f"the check broke: {type(error).__name__}: {error}. This is not your fault."
    verdict = Verdict(
        check.task, outcome, check.points, evidence, message, seconds=time.monotonic() - began
    )
    return verdict, inquiry


async def run_checks(
    step: LabStep,
    variables: Variables,
    ask: Ask,
    start: Mapping[str, bytes] | None,
    *,
    tasks: Sequence[str] | None = None,
) -> tuple[list[Verdict], dict[str, Inquiry]]:
    """All checks of a step at one moment, or those of `tasks`; independent ones side by side.

    A check whose `needs` did not pass is WAITING. Returns verdicts in the order of the checks, and
    what each check saw. Raises AgentLost, as `run_check` does.
    """
    done: dict[str, asyncio.Future[Verdict]] = {
        check.task: asyncio.get_running_loop().create_future() for check in step.checks
    }
    inquiries: dict[str, Inquiry] = {}

    async def one(check: Check) -> None:
        # Ends for every check: a circle of needs makes a lesson unfit (`course.faults`).
        for need in check.needs:
            if not (await done[need]).passed:
                waiting = Verdict(
                    check.task, Outcome.WAITING, check.points, message=f"waits for task {need!r}"
                )
                done[check.task].set_result(waiting)
                return
        verdict, inquiries[check.task] = await run_check(check, variables, ask, start)
        if verdict.evidence:
            verdict = msgspec.structs.replace(verdict, explanation=explain(step, verdict))
        done[check.task].set_result(verdict)

    try:
        async with asyncio.TaskGroup() as group:
            for check in step.checks:
                group.create_task(one(check))
    except BaseExceptionGroup as errors:
        if lost := first(errors, AgentLost):
            raise lost from None
        raise
    verdicts = [done[check.task].result() for check in step.checks]
    # Those that were not asked for ran, too: others may need them, and all hold at one moment.
    if tasks is not None:
        verdicts = [verdict for verdict in verdicts if verdict.task in tasks]
    return verdicts, inquiries


def explain(step: LabStep, verdict: Verdict) -> str:
    """The explanation of the near miss whose reason the verdict's evidence has, or nothing."""
    if verdict.evidence is None:
        return ""
    for miss in step.near_misses:
        if miss.rejected_by == verdict.task and miss.reason == verdict.evidence.reason:
            return miss.explain
    return ""


async def read_start(
    step: LabStep, variables: Variables, ask: Ask
) -> tuple[Readings, list[Verdict]]:
    """Run every check once on the start state.

    Returns the readings for `see.before`, and the verdicts, none of which should be a pass.
    """
    start: Readings = {}
    verdicts: list[Verdict] = []
    for check in step.checks:
        verdict, inquiry = await run_check(check, variables, ask, None)
        verdicts.append(verdict)
        start.update(inquiry.readings)
    return start, verdicts


async def evidence_at_start(
    step: LabStep, variables: Variables, readings: Mapping[str, bytes]
) -> dict[str, Evidence | None]:
    """What each check said at the start of a step, from the readings of then."""

    async def ask(probes: Sequence[Probe[Any]]) -> list[Answer]:
        raw = [readings.get(probe_key(probe)) for probe in probes]
        return [Answer(msgspec.Raw(r)) if r else Answer(problem="not read") for r in raw]

    verdicts, _ = await run_checks(step, variables, ask, readings)
    return {verdict.task: verdict.evidence for verdict in verdicts}
