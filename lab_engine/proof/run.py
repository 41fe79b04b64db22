"""Prove one lesson: every check fails before, passes after, and rejects each near miss.

Each case runs on the step's start state, and is undone rather than rebuilt. The first solution also
shows what the checks see change (`lab_engine.proof.changes`).
"""

from __future__ import annotations

import asyncio
import fnmatch
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from lab_engine import protocol as p
from lab_engine.common.patience import patient
from lab_engine.course import proven
from lab_engine.course.lab import LabStep, NearMiss, Solution
from lab_engine.course.lesson import Lesson
from lab_engine.course.proven import StepChanges
from lab_engine.course.text import printed
from lab_engine.course.text.model import Code
from lab_engine.course.told import line
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import InfralabError
from lab_engine.proof import explained
from lab_engine.proof.changes import Changes
from lab_engine.proof.looks import Looks
from lab_engine.proof.result import CaseKind, CaseResult, LessonProof
from lab_engine.session import settling
from lab_engine.session.check import Inquiry, Readings, probe_key
from lab_engine.session.record import Record
from lab_engine.session.session import Session
from lab_engine.settings import Settings

Progress = Callable[[str, CaseResult], None]

LEAST_NEAR_MISSES = 2
LATE = 10.0
"""Seconds that what a near miss does may take to show, such as a balloon that moves in a guest."""


class Proof:
    """The proof of one lesson with one seed, in one session."""

    def __init__(self, session: Session, progress: Progress, *, lines: bool = True) -> None:
        self.session = session
        self.progress = progress
        self.lines = lines
        self.looks = Looks(session)
        self.cases: list[CaseResult] = []
        self.seen: list[StepChanges] = []

    async def run(
        self, steps: Sequence[str] | None = None, *, walk: bool = False, case: str = ""
    ) -> None:
        """All cases of the lesson's steps, or of `steps`.

        A `walk` is the start, the text's commands and the first solution of each. It proves no
        near miss. With `case` it is the start, and the near misses and solutions that have it in
        their names.
        """
        for step in self.session.lesson.steps:
            if steps is None or step.name in steps:
                lab_step = self.session.lab_step(step.name)
                if case:
                    await self._some(lab_step, case)
                else:
                    await (self._walk(lab_step) if walk else self._step(lab_step))
        await self._teardown()

    def _add(
        self, step: str, kind: CaseKind, name: str, began: float, problem: str = "", task: str = ""
    ) -> None:
        case = CaseResult(step, kind, name, time.monotonic() - began, problem, task)
        self.cases.append(case)
        self.progress(self.session.lesson.slug, case)

    async def _step(self, step: LabStep) -> None:
        await self._start(step)
        await self._text(step)
        for miss in step.near_misses:
            await self._near_miss(step, miss)
        for solution in step.solutions:
            await self._solution(step, solution)
            if self.lines:
                await self._left_out(step, solution)

    async def _walk(self, step: LabStep) -> None:
        if step.checks and step.solutions:
            await self._start(step)
            await self._text(step)
            await self._solution(step, step.solutions[0])

    async def _some(self, step: LabStep, case: str) -> None:
        named = named_cases(step, case)
        if named:
            await self._start(step)
        for miss in step.near_misses:
            if miss.name in named:
                await self._near_miss(step, miss)
        for solution in step.solutions:
            if solution.name in named:
                await self._solution(step, solution)

    async def _start(self, step: LabStep) -> None:
        began = time.monotonic()
        try:
            await self.session.enter(step.name)
        except InfralabError as error:
            self._add(step.name, "start", "provision", began, f"{error.message} {error.hint}")
            raise
        problems = ["it has no solution"] if step.checks and not step.solutions else []
        for check in step.checks:
            count = sum(miss.rejected_by == check.task for miss in step.near_misses)
            if count < LEAST_NEAR_MISSES:
                problems.append(f"the check of {check.task} has {count} near misses, wants 2")
        problems += [
            f"before any work: {_told(verdict)}"
            for verdict in self.session.start_verdicts
            if verdict.outcome is not Outcome.FAIL
        ]
        plan = await self.session.plan()
        problems += [
            f"after provisioning, {a.key} is still to {a.act}: {a.reason}" for a in plan.changes
        ]
        # Not the verdicts of the start: a learner is not told of a task that waits for another.
        verdicts, _ = await self.session.verdicts()
        problems += explained.at_start(verdicts)
        problems += await self.looks.problems(verdicts)
        problems.append(await self._undo())
        self._add(step.name, "start", "every check fails", began, _joined(*problems))

    async def _undo(self) -> str:
        """Back to the start state. Returns what could not be undone quickly."""
        left = await self.session.reset()
        if left.none:
            return ""
        return f"could not be undone without a rebuild: {_listed(left)}"

    async def _near_miss(self, step: LabStep, miss: NearMiss) -> None:
        began = time.monotonic()
        problem = await self._near_miss_problem(step, miss)
        problem = _joined(problem, await self._undo())
        self._add(step.name, "near-miss", miss.name, began, problem, miss.rejected_by)

    async def _near_miss_problem(self, step: LabStep, miss: NearMiss) -> str:
        ran = await self.session.script(list(miss.script(self.session.variables)))
        if ran.exit_code != 0:
            return f"the script ends with {ran.exit_code}: {ran.output.strip()[-400:]}"
        mine = [check for check in step.checks if check.task == miss.rejected_by]
        if not mine:
            return f"it names the task {miss.rejected_by!r}, which the step does not have"

        def of_it(seen: tuple[list[Verdict], dict[str, Inquiry]]) -> Verdict:
            return next(verdict for verdict in seen[0] if verdict.task == miss.rejected_by)

        def accepted(seen: tuple[list[Verdict], dict[str, Inquiry]]) -> bool:
            return of_it(seen).passed

        def told(seen: tuple[list[Verdict], dict[str, Inquiry]]) -> bool:
            evidence = of_it(seen).evidence
            return accepted(seen) or bool(evidence and evidence.reason == miss.reason)

        settle = settling.seconds(mine)
        seen = await settling.settled(self.session.verdicts, told, max(settle, patient(LATE)))
        if told(seen):
            # The whole time: that a check rejects at first says nothing, a late effect might make
            # it pass.
            seen = await settling.settled(self.session.verdicts, accepted, settle)
        verdict, (verdicts, inquiries) = of_it(seen), seen
        if verdict.outcome is not Outcome.FAIL or verdict.evidence is None:
            return f"SURVIVED: {_told(verdict)}"
        if verdict.evidence.reason != miss.reason:
            return f"rejected for {verdict.evidence.reason!r} instead of {miss.reason!r}"
        if verdict.explanation != miss.explain:
            return f"two near misses share the reason {miss.reason!r} with different explanations"
        changed = self.session.saw_change(inquiries[miss.rejected_by])
        # Otherwise doing nothing would count as an attempt that was rejected.
        if not changed and (await self.session.compare()).none:
            return "it changes nothing in the bench"
        problems = explained.after_near_miss(verdicts, miss)
        return _joined(*problems, *await self.looks.problems(verdicts))

    async def _solution(self, step: LabStep, solution: Solution) -> None:
        began = time.monotonic()
        start = self.session.record.start_readings(self.session.id, step.name) or {}
        solved: Readings = {}
        problem = await self._solution_problem(step, solution, solved)
        problem = _joined(problem, await self._undo())
        self._add(step.name, "solution", solution.name, began, problem)
        if not problem and solution is step.solutions[0]:
            self.seen.append(await self._seen(step, start, solved))

    async def _seen(
        self, step: LabStep, start: Mapping[str, bytes], solved: Mapping[str, bytes]
    ) -> StepChanges:
        """What the checks saw change. Call it at the start state."""
        changes = Changes(start, solved)
        if not changes.of(step.name).real and changes.missing:
            answers = await self.session.ask(changes.missing)
            asked = zip(changes.missing, answers, strict=True)
            changes.add_start({probe_key(q): bytes(a.reading) for q, a in asked if not a.problem})
        return changes.of(step.name)

    async def _solution_problem(self, step: LabStep, solution: Solution, solved: Readings) -> str:
        """What is wrong with a solution; adds what the checks read to `solved`."""
        ran = await self.session.script(list(solution.script(self.session.variables)))
        if ran.exit_code != 0:
            return f"the script ends with {ran.exit_code}: {ran.output.strip()[-400:]}"
        # Twice: a look must not change what it looks at, and what passes must go on to pass.
        for turn in ("", "the second time: "):
            verdicts, inquiries = await self._settled(step)
            failed = [v for v in verdicts if not v.passed]
            if failed:
                return turn + "; ".join(_told(v) for v in failed)
            for inquiry in inquiries.values():
                solved |= inquiry.readings
        # What is new is allowed: that is the step's work.
        touched = list(step.touches(self.session.variables))
        found = await self.session.compare()
        disturbed = [
            key
            for key in (*found.removed, *found.changed)
            if not any(fnmatch.fnmatchcase(key, pattern) for pattern in touched)
        ]
        if disturbed:
            return f"changes what the step does not name: {', '.join(disturbed)}"
        return ""

    async def _settled(self, step: LabStep) -> tuple[list[Verdict], dict[str, Inquiry]]:
        """The verdicts once all pass, or when the checks' settling time is over; what was seen."""
        return await settling.settled(
            self.session.verdicts,
            lambda seen: all(verdict.passed for verdict in seen[0]),
            settling.seconds(step.checks),
        )

    async def _left_out(self, step: LabStep, solution: Solution) -> None:
        lines = list(solution.script(self.session.variables))
        for number in range(len(lines)) if len(lines) > 1 else ():
            began = time.monotonic()
            rest = lines[:number] + lines[number + 1 :]
            # Not strict: with a line left out, later ones may well fail, as they do for a learner
            # who goes on.
            await self.session.script(rest, strict=False)
            # As long as the slowest check may take: one of them could still come to pass.
            await asyncio.sleep(settling.seconds(step.checks))
            verdicts, _ = await self.session.verdicts()
            failed = [v for v in verdicts if v.outcome is Outcome.FAIL]
            broke = [v for v in verdicts if v.outcome is Outcome.ERROR]
            reason = solution.survives.get(number, "")
            problem = _joined(
                *(_told(v) for v in broke),
                *explained.without_line(verdicts, solution, number),
                *await self.looks.problems(verdicts),
            )
            if not failed and not reason and not broke:
                survived = f"SURVIVED without its line {number + 1}: {lines[number]}"
                problem = _joined(survived, problem)
            elif failed and reason:
                wrong = f"line {number + 1} is said to be dispensable, but it is not: {reason}"
                problem = _joined(wrong, problem)
            problem = _joined(problem, await self._undo())
            name = f"{solution.name} without line {number + 1}"
            self._add(step.name, "left-out", name, began, problem, failed[0].task if failed else "")

    async def _text(self, step: LabStep) -> None:
        """Run the text's commands in order: those for before the work, then those for after."""
        text = self.session.lesson.step(step.name).document(self.session.variables)
        blocks = [code for code in text.code() if code.typed]
        if not blocks:
            return
        began = time.monotonic()
        problems = []
        for later in (False, True):
            part = [block for block in blocks if (block.role == "later") is later]
            if not part:
                continue
            if later:
                await self.session.script(list(step.solutions[0].script(self.session.variables)))
                await self._settled(step)
            problems += await self._blocks(part, text.outputs())
            left = await self._undo()
            problems += [left] if left else []
        self._add(step.name, "text", f"{len(blocks)} commands", began, "; ".join(problems))

    async def _blocks(self, blocks: Iterable[Code], outputs: Mapping[int, Code]) -> list[str]:
        """Each must exit as it says, and print what stands below it."""
        problems = []
        for block in blocks:
            ran = await self.session.script([block.text])
            fails = block.fails
            if (ran.exit_code != 0) is not fails:
                wanted = "a failure" if fails else "exit code 0"
                problems.append(
                    f"line {block.line}: {block.text!r} wants {wanted}, "
                    f"ends with {ran.exit_code}: {ran.output.strip()[-300:]}"
                )
            elif block.line in outputs:
                output = outputs[block.line]
                if differs := printed.difference(output.marked, ran.output):
                    problems.append(
                        f"line {output.line}: {differs}; printed was:\n{ran.output[:2000]}"
                    )
        return problems

    async def _teardown(self) -> None:
        began = time.monotonic()
        await self.session.connection.request(p.Teardown, list[str])
        owned = await self.session.connection.request(p.Owned, p.OwnedReport)
        left = [key for keys in owned.marked.values() for key in keys] + list(owned.standing)
        problem = f"left after teardown: {', '.join(left)}" if left else ""
        self._add("", "teardown", "nothing is left", began, problem)


def named_cases(step: LabStep, words: str) -> list[str]:
    """The near misses and solutions of a step that have `words` in their names, in any case."""
    every = [one.name for one in step.near_misses] + [one.name for one in step.solutions]
    return [name for name in every if words.casefold() in name.casefold()]


async def prove_lesson(
    lesson: Lesson,
    seed: str,
    record: Record,
    settings: Settings,
    progress: Progress,
    *,
    steps: Sequence[str] | None = None,
    walk: bool = False,
    case: str = "",
) -> LessonProof:
    """Prove a lesson in a bench of its own, which is removed afterwards, whatever happens.

    `steps`, `walk` and `case` are those of `Proof.run`. Solutions with a line left out are tried
    with the first of `proven.SEEDS` and with seeds that are none of them: whether a check sees that
    a line is missing hangs on no drawn value, and these are half of all cases.
    """
    began = time.monotonic()
    session = await Session.begin(lesson, record, settings, seed=seed, mode="proof")
    proof = Proof(session, progress, lines=seed not in proven.SEEDS[1:])
    try:
        await proof.run(steps, walk=walk, case=case)
    except InfralabError as error:
        proof._add("", "teardown", "the proof ran to its end", began, f"{error} {error.hint}")
    finally:
        # Shielded: Ctrl-C must not leave the bench behind.
        await asyncio.shield(session.down())
    return LessonProof(
        lesson.slug, seed, tuple(proof.cases), time.monotonic() - began, seen=tuple(proof.seen)
    )


def _told(verdict: Verdict) -> str:
    told = f"the check of {verdict.task} says {verdict.outcome.value}"
    reason = f"{verdict.evidence.reason}: " if verdict.evidence else ""
    said = line(verdict)
    return f"{told} ({reason}{said})" if said else told


def _listed(left: p.Difference) -> str:
    parts = [("added", left.added), ("gone", left.removed), ("changed", left.changed)]
    return ", ".join(f"{word} {' '.join(keys)}" for word, keys in parts if keys)


def _joined(*problems: str) -> str:
    return "; ".join(problem for problem in problems if problem)
