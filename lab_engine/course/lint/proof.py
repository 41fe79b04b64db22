"""Whether the checks of a lesson can be proven at all."""

from __future__ import annotations

from collections.abc import Iterator

from lab_engine.course.faults import lab_place
from lab_engine.course.lab import LabStep, Variables
from lab_engine.course.lesson import Lesson
from lab_engine.course.lint import code
from lab_engine.course.lint.finding import Finding

NEAR_MISSES = 2


def findings(lesson: Lesson, variables: Variables) -> Iterator[Finding]:
    for step in lesson.lab.steps.values():
        yield from _step(step, variables, f"{lab_place(lesson.lab)}, step {step.name}")


def _step(step: LabStep, variables: Variables, where: str) -> Iterator[Finding]:
    if not step.checks:
        yield Finding(where, "no-check", "has no check", "Write one, or leave the step out.")
        return
    if not step.solutions:
        yield Finding(
            where, "no-solution", "has no solution", 'Add step.solution("plain", lambda v: [...])'
        )
    for solution in step.solutions:
        last = len(solution.script(variables)) - 1
        for index, why in solution.survives.items():
            if not 0 <= index <= last or not why.strip():
                yield Finding(
                    where,
                    "survives",
                    f"solution {solution.name!r}: survives[{index}] names no command or no reason",
                    f"Its commands are 0 to {last}; say why the one may be left out.",
                )
    yield from _explained(step, variables, where)
    for check in step.checks:
        spot = code.place(check.function)
        said = code.strings(check.function)
        misses = [miss for miss in step.near_misses if miss.rejected_by == check.task]
        if len(misses) < NEAR_MISSES:
            yield Finding(
                spot,
                "near-misses",
                f"check {check.task!r} has {len(misses)} near misses, not {NEAR_MISSES}",
                "Add whole, plausible attempts that must be rejected.",
            )
        for miss in misses:
            if miss.reason not in said:
                yield Finding(
                    spot,
                    "reason",
                    f"near miss {miss.name!r} expects reason {miss.reason!r}, "
                    f"which check {check.task!r} never gives",
                    "Use the same word in `require` and in the near miss.",
                )
        said_before: dict[str, str] = {}
        for miss in misses:
            if said_before.setdefault(miss.reason, miss.explain) != miss.explain:
                yield Finding(
                    spot,
                    "explain",
                    f"near misses with reason {miss.reason!r} have different explanations",
                    "The learner's state is the same: use one explanation, or two reasons.",
                )
        if check.gone and "before" not in code.names([check.function]):
            yield Finding(
                spot,
                "baseline",
                f"check {check.task!r} is about something gone, but never asks `see.before`",
                "Show that it was there when the step began.",
            )
        if not code.probes(check.function):
            yield Finding(
                spot,
                "no-probe",
                f"check {check.task!r} names no probe",
                "A check reads the bench through probes, imported by name.",
                "advice",
            )


def _explained(step: LabStep, variables: Variables, where: str) -> Iterator[Finding]:
    """What an author confirms of explanations that are not there."""
    reasons = {miss.reason for miss in step.near_misses if miss.explain}
    said = [
        (f"near miss {miss.name!r}: also", set(miss.also) - reasons) for miss in step.near_misses
    ]
    for solution in step.solutions:
        last = len(solution.script(variables)) - 1
        for line, confirmed in solution.explained.items():
            unknown = set(confirmed) - reasons if 0 <= line <= last else {f"line {line}"}
            said.append((f"solution {solution.name!r}: explained[{line}]", unknown))
    for what, unknown in said:
        if unknown:
            yield Finding(
                where,
                "explained",
                f"{what} names {', '.join(sorted(unknown))}, which explains nothing here",
                "Name reasons of this step's near misses, and lines of the solution.",
            )
