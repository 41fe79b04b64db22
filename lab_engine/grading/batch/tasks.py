"""From a replay to the tasks of a lesson: what each is, and why."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from lab_engine.course.lesson import Lesson
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.grading.assignment.terms import LessonTerms
from lab_engine.grading.gradebook.graded import TaskGrade, TaskOutcome
from lab_engine.grading.submission.manifest import Past
from lab_engine.recording.replay import GIVEN, StepResult
from lab_engine.recording.visits import claims

Key = tuple[str, str]
"""A step and a task."""


def steps(lesson: Lesson, terms: LessonTerms) -> list[str]:
    """The names of the steps that count, in order."""
    wanted = {lesson.step(name).name for name in terms.steps}
    return [step.name for step in lesson.steps if not wanted or step.name in wanted]


def none(lesson: Lesson, terms: LessonTerms) -> tuple[TaskGrade, ...]:
    """Of a lesson that was not handed in."""
    return tuple(
        TaskGrade(name, task.id, task.points, "not done")
        for name in steps(lesson, terms)
        for task in lesson.step(name).tasks
    )


def graded(
    lesson: Lesson,
    terms: LessonTerms,
    past: Past,
    results: tuple[StepResult, ...],
    verdicts: Mapping[Key, Verdict],
) -> tuple[TaskGrade, ...]:
    """Each task of the steps that count.

    `results` are those of the replay, `verdicts` the last ones that it came to.
    """
    told = {(one.step, one.task): one.verdict for one in past.verdicts}
    hints: dict[Key, int] = {}
    for hint in past.hints:
        hints[hint.step, hint.task] = hints.get((hint.step, hint.task), 0) + 1
    found = []
    for name in steps(lesson, terms):
        recorded = claims(row for row in past.history() if row.step == name)
        for task in lesson.step(name).tasks:
            key = (name, task.id)
            claim = recorded.get(task.id)
            was = "" if claim is None else claim.outcome
            outcome = _outcome(was, [one for one in results if one.step == name], task.id)
            made = TaskGrade(name, task.id, task.points, outcome, was, hints.get(key, 0))
            verdict = verdicts.get(key) or told.get(key)
            found.append(made if outcome == "pass" else _with_evidence(made, verdict))
    return tuple(found)


def _outcome(was: str, visits: list[StepResult], task: str) -> TaskOutcome:
    """One visit in which it passed in both is enough."""
    pairs = [(one.recorded.get(task, ""), one.replayed.get(task, "")) for one in visits]
    if ("pass", "pass") in pairs:
        return "pass"
    if any(GIVEN in pair for pair in pairs):
        return "given"
    if any(recorded == "pass" and replayed == "error" for recorded, replayed in pairs):
        return "error"
    if any(recorded == "pass" and replayed for recorded, replayed in pairs):
        return "fail"
    if was == "pass":
        return "not replayed"
    return "fail" if was == "fail" else "not done"


def _with_evidence(made: TaskGrade, verdict: Verdict | None) -> TaskGrade:
    if verdict is None or verdict.outcome is Outcome.PASS:
        return made
    evidence = verdict.evidence
    return msgspec.structs.replace(
        made,
        reason=evidence.reason if evidence else "",
        expected=evidence.expected if evidence else "",
        observed=evidence.observed if evidence else "",
        look=evidence.look if evidence else "",
        explanation=verdict.explanation,
        message=verdict.message,
    )
