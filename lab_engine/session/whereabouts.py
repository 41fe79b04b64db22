"""Where a learner is: in which step, since when, what passed last, and what does not pass.

It comes from the record of the learner's machine. It is not left in the bench for who looks from
elsewhere: `docker cp` mounts the bench's volumes a second time while it works, also in the bench
itself (moby, daemon/archive.go, `mountVolumes`), where they count as the learner's.
"""

from __future__ import annotations

from contextlib import suppress

import msgspec

from lab_engine.common import digest
from lab_engine.course.lesson import Lesson
from lab_engine.errors import UsageError
from lab_engine.session.record import Record, SessionRow


class Whereabouts(msgspec.Struct, frozen=True):
    """Times are seconds since 1970 by the clock of the learner's machine.

    `progressed` is when a task of the step passed first, the last time that one did, or `entered`.
    `touched` is when the session was looked at last. `task`, `reason`, `expected` and `observed`
    are of a task that does not pass. `seed` is a hash of the session's, which tells a class's own.
    """

    lesson: str
    step: str
    number: int
    steps: int
    passed: int
    tasks: int
    entered: float
    progressed: float
    touched: float
    mode: str = ""
    seed: str = ""
    task: str = ""
    reason: str = ""
    expected: str = ""
    observed: str = ""


def of(record: Record, row: SessionRow, lesson: Lesson | None) -> Whereabouts:
    """Where a session is by the record. Raises InfralabError when that cannot be read.

    Args:
        record: that of the learner's.
        row: the session.
        lesson: its lesson; None when the course here does not have it.
    """
    moments = [one for one in record.moments(row.id) if one.what in ("enter", "reset")]
    here = [one for one in moments if one.step == row.step]
    entered = here[-1].at if here else row.began
    history = [one for one in record.history(row.id) if one.step == row.step and one.at >= entered]
    first: dict[str, float] = {}
    last: dict[str, str] = {}
    for one in history:
        last[one.task] = one.outcome
        if one.outcome == "pass":
            first.setdefault(one.task, one.at)
    number, steps, tasks = _places(lesson, row.step)
    wanting = next((one for one in record.last_verdicts(row.id, row.step) if not one.passed), None)
    evidence = wanting.evidence if wanting else None
    return Whereabouts(
        row.lesson,
        row.step,
        number,
        steps,
        sum(outcome == "pass" for outcome in last.values()),
        tasks or len(last),
        entered,
        max((entered, *first.values())),
        row.touched,
        row.mode,
        digest.of_bytes(row.seed.encode()),
        wanting.task if wanting else "",
        evidence.reason if evidence else "",
        evidence.expected if evidence else "",
        evidence.observed if evidence else "",
    )


def left_at(record: Record, session: str, step: str, lesson: Lesson) -> str:
    """The step to go on with: `step`, which the bench is in, or one without a lab after it.

    Of a step that has only questions nothing is made, so the session stays in the one before.
    """
    begun = [(one.at, one.step) for one in record.moments(session)]
    begun += [(one.at, one.step) for one in record.history(session)]
    answered = [(one.at, one.step) for one in record.all_answers(session)]
    last = max((*begun, *answered), default=(0.0, ""))[1]
    here = next((one for one in lesson.steps if one.name == last), None)
    return last if here is not None and here.lab_step is None else step


def _places(lesson: Lesson | None, name: str) -> tuple[int, int, int]:
    """The step's number, how many the lesson has, and how many tasks the step has."""
    if lesson is not None:
        with suppress(UsageError):
            step = lesson.step(name)
            return step.number, len(lesson.steps), len(step.tasks)
    return 0, 0, 0
