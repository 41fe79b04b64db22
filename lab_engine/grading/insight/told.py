"""What the gradebook has of a learner, in words that the screens and the lines share."""

from __future__ import annotations

import time
from collections.abc import Iterator

from lab_engine.grading.export.junit import why
from lab_engine.grading.export.tables import number
from lab_engine.grading.gradebook.book import Word
from lab_engine.grading.gradebook.graded import TaskGrade
from lab_engine.grading.gradebook.standing import Standing


def points(standing: Standing) -> str:
    return f"{number(standing.earned) or '-'} / {number(standing.possible)}"


def said(word: Word) -> str:
    """A comment or an override as a sentence."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(word.at))
    if word.kind == "comment":
        return f"{when}  {word.author}: {word.text}"
    act = "lifted the override" if word.points is None else f"set {number(word.points)} points"
    return f"{when}  {word.author} {act}: {word.text}"


def summary(standing: Standing) -> Iterator[str]:
    """What is to be known of a learner besides their tasks."""
    graded = standing.graded
    yield f"{points(standing)} points, {standing.state}"
    if graded is None:
        return
    received = time.strftime("%Y-%m-%d %H:%M", time.localtime(graded.received))
    by = "their own clock" if graded.by == "claimed" else "the time of the file"
    yield f"handed in {received} (by {by}), {graded.file}, attempts: {standing.attempts}"
    if graded.late:
        yield f"late: {graded.late}"
    if standing.override:
        yield f"the grading itself gave {number(graded.earned) or 'no'} points"
    for lesson in graded.lessons:
        if not lesson.session:
            yield f"{lesson.lesson}: not handed in"
        elif lesson.outcome != "reproduced":
            yield f"{lesson.lesson}: {lesson.message}"
    for note in (*graded.notes, *(n for lesson in graded.lessons for n in lesson.notes)):
        yield f"odd: {note}"


def evidence(grade: TaskGrade) -> Iterator[tuple[str, str]]:
    """What is known of a task beyond its outcome, as labels and texts."""
    if grade.recorded:
        yield "for the learner", grade.recorded
    if grade.reason and grade.outcome != "pass":
        yield "reason", grade.reason
    if grade.expected:
        yield "expected", grade.expected
    if grade.observed:
        yield "found", grade.observed
    if grade.look:
        yield "see it", grade.look
    if grade.explanation:
        yield "why", grade.explanation
    told = why(grade) if grade.outcome not in ("pass", "fail", "not done") else grade.message
    if told:
        yield "said", told
