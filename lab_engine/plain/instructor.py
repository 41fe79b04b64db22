"""The instructor's screens as lines: for pipes, logs and screen readers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab_engine.grading.export.feedback import WORDS
from lab_engine.grading.gradebook.book import Word
from lab_engine.grading.gradebook.graded import TaskGrade
from lab_engine.grading.gradebook.standing import Standing
from lab_engine.grading.insight.at_work import Worker, span
from lab_engine.grading.insight.files import WorkFile
from lab_engine.grading.insight.tape import Tape, clock, length
from lab_engine.grading.insight.task import ClassTask
from lab_engine.grading.insight.told import evidence, said, summary


def task(lesson: str, grade: TaskGrade) -> Iterator[str]:
    """A task in the replay, with what was expected and found."""
    hints = f", {grade.hints} hint{'s' * (grade.hints != 1)}" if grade.hints else ""
    yield (
        f"{lesson}/{grade.step}/{grade.task}: {WORDS[grade.outcome]} ({grade.points} points{hints})"
    )
    for label, text in evidence(grade):
        yield f"    {label}: {text}"


def learner(
    standing: Standing, words: Sequence[Word], files: Sequence[WorkFile], lacking: str = ""
) -> Iterator[str]:
    """One learner; `lacking` says why there are no files."""
    yield f"{standing.name or 'not in the list of the class'} ({standing.learner})"
    yield from summary(standing)
    for lesson in standing.graded.lessons if standing.graded else ():
        for grade in lesson.tasks:
            yield from task(lesson.lesson, grade)
    yield from map(said, words)
    if lacking:
        yield f"files: {lacking}"
    for file in files:
        yield f"file {file.lesson}: {file.path}: {file.what}, {file.size} bytes"


def tasks(found: Sequence[ClassTask]) -> Iterator[str]:
    """A line for each task, with the most frequent mistake."""
    for one in found:
        first = one.mistakes[0] if one.mistakes else None
        most = f"; {len(first.learners)}: {first.reason}: {first.explanation}" if first else ""
        yield f"{one.passed} of {len(one.outcomes)} passed: {one.key}{most}"


def over_class(found: ClassTask) -> Iterator[str]:
    """One task: its mistakes, then who is at it how."""
    yield f"{found.key}: {found.passed} of {len(found.outcomes)} passed, {found.points} points"
    for mistake in found.mistakes:
        yield f"{len(mistake.learners)} of {mistake.of}: {mistake.reason}: {mistake.explanation}"
        yield f"    {', '.join(mistake.learners)}"
    for one in found.outcomes:
        told = f": {one.grade.observed}" if one.grade.outcome != "pass" else ""
        yield f"{one.learner}: {WORDS[one.grade.outcome]}{told}"
    if found.absent:
        yield f"not graded: {', '.join(found.absent)}"


def replay(lesson: str, tape: Tape) -> Iterator[str]:
    """What was typed and what was said of it, in the order of time."""
    commands = sum(mark.kind == "command" for mark in tape.marks)
    many = len(tape.shells)
    terminals = f"{many} terminal{'s' * (many != 1)}"
    yield f"{lesson}: {commands} lines in {terminals}, {length(tape.seconds)} min"
    signs = {"command": "$", "step": "#", "verdict": "!"}
    for mark in tape.marks:
        sign = "+" if mark.passed else signs[mark.kind]
        yield f"{clock(mark.clock)} {sign} {mark.text}"


def live(found: Sequence[Worker], troubles: Sequence[str]) -> Iterator[str]:
    """Who is at work, who stands still for the longest first; engines without an answer last."""
    for one in found:
        where = one.bench.where
        lesson = where.lesson if where else "lesson not known"
        yield f"{one.who}: {lesson}, step {one.step}{_how(one)}"
        if where and where.task and one.how in ("works", "stuck"):
            yield f"    not yet: {where.task}: expected: {where.expected} found: {where.observed}"
    yield from troubles
    if not found:
        yield "nobody is at work"


def _how(one: Worker) -> str:
    if one.how == "done":
        return ", done"
    tasks = f", {one.tasks} tasks" if one.tasks else ""
    stuck = f", nothing new for {span(one.stuck)}" if one.stuck is not None else ""
    return f"{tasks}{stuck}{', its bench has stopped' if one.how == 'stopped' else ''}"
