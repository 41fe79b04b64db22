"""One lesson of one submission: done again in a fresh bench, and again when infralab failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from lab_engine.common.patience import patient
from lab_engine.course.lesson import Lesson
from lab_engine.course.verdict import Verdict
from lab_engine.errors import DockerUnavailable, InfralabError
from lab_engine.grading.assignment.terms import LessonTerms
from lab_engine.grading.batch import surroundings, tasks
from lab_engine.grading.batch.graders import Graders
from lab_engine.grading.batch.surroundings import Change, Changed
from lab_engine.grading.gradebook.graded import LessonGrade
from lab_engine.grading.submission.handed import Handed
from lab_engine.recording import replay as replaying
from lab_engine.recording.replay import Replayed
from lab_engine.recording.witness import Witness
from lab_engine.session.record import Record
from lab_engine.session.session import Session
from lab_engine.settings import Settings

TRIES: Final = 3
"""Benches for one lesson, when infralab itself fails in the others."""
DIVERGED_TRIES: Final = 2
"""A difference must come twice: what comes once may be a matter of timing."""
MOST_SECONDS: Final = 1800.0
"""Of one replay: what a recording says of its own pauses is the learner's word."""
MOST_NOTES: Final = 20

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Done:
    """How one replay ended; `trouble` when infralab failed, which says nothing about the work."""

    result: Replayed | None
    verdicts: dict[tuple[str, str], Verdict]
    changed: Changed
    trouble: str = ""


async def grade(
    lesson: Lesson,
    terms: LessonTerms,
    handed: Handed,
    seed: str,
    graders: Graders,
    settings: Settings,
    say: Say = lambda _: None,
) -> LessonGrade:
    """Grade a lesson with the seed that is the learner's. Raises DockerUnavailable alone."""
    troubles: list[str] = []
    differences: list[str] = []
    last: Done | None = None
    for number in range(1, TRIES + 1):
        done = await once(lesson, handed, seed, graders, settings, say)
        if done.trouble:
            say(f"{lesson.slug}: try {number}: {done.trouble}")
            troubles.append(done.trouble)
            continue
        assert done.result is not None
        last = done
        if done.result.outcome != "diverged":
            break
        differences.append(done.result.message)
        if len(differences) == DIVERGED_TRIES:
            break
    tries = len(troubles) + len(differences) + (last is not None and not _diverged(last))
    if last is None:
        return untold(lesson, terms, handed, graders, troubles[-1], tries)
    return _told(lesson, terms, handed, graders, last, differences, tries)


def _diverged(done: Done) -> bool:
    return done.result is not None and done.result.outcome == "diverged"


async def once(
    lesson: Lesson,
    handed: Handed,
    seed: str,
    graders: Graders,
    settings: Settings,
    say: Say,
) -> Done:
    """One bench, one replay."""
    scratch = Record.in_memory()
    row = msgspec.structs.replace(handed.past.row(handed.part), seed=seed)
    watch = _Watch()
    nothing = Changed((), ())
    try:
        async with asyncio.timeout(patient(MOST_SECONDS)):
            result = await replaying.replay(
                lesson,
                row,
                handed.recordings(),
                handed.past,
                scratch,
                settings,
                say,
                was=_edition(handed, graders),
                before=watch.before,
                after=watch.after,
                seen_by=watch.witness,
            )
        verdicts = _verdicts(scratch, lesson)
    except TimeoutError:
        message = f"not replayable: it took longer than {patient(MOST_SECONDS):.0f} s in all"
        return Done(Replayed(row.id, "not replayable", message, (), 0, MOST_SECONDS), {}, nothing)
    except DockerUnavailable:
        # Nothing can be graded then, and nothing is to be written of it.
        raise
    except InfralabError as error:
        return Done(None, {}, nothing, f"{type(error).__name__}: {error.message}")
    finally:
        await asyncio.to_thread(scratch.close)
    if broken := [
        f"{step.step}/{task}"
        for step in result.steps
        for task in step.different
        if step.replayed.get(task) == "error"
    ]:
        # The checker broke or could not look: whoever's fault that is, it is no answer.
        first = verdicts.get(tuple(broken[0].split("/", 1)))  # type: ignore[arg-type]
        why = first.message if first else ""
        return Done(None, {}, nothing, f"the check of {broken[0]} could not look: {why}")
    return Done(result, verdicts, watch.changed())


class _Watch:
    """What was changed in the bench when the session began, at its end, and seen from beside it."""

    def __init__(self) -> None:
        self.prepared: list[Change] = []
        self.left: list[Change] = []
        self.beside: Witness | None = None

    def witness(self, session: Session) -> Witness:
        self.beside = Witness(session)
        return self.beside

    def changed(self) -> Changed:
        found = surroundings.judge(self.prepared, self.left)
        if self.beside is None:
            return found
        return Changed((*found.grave, *self.beside.faults), (*found.noted, *self.beside.notes))

    async def before(self, session: Session) -> None:
        self.prepared = await asyncio.to_thread(surroundings.changes, session.bench)

    async def after(self, session: Session) -> None:
        self.left = await asyncio.to_thread(surroundings.changes, session.bench)


def _edition(handed: Handed, graders: Graders) -> str:
    """The learner's edition of the lesson, in words of ours where their kit was a bundle."""
    slug = handed.part.lesson
    if handed.part.edition in ("unknown", graders.bundled[slug]):
        return graders.editions[slug]
    return handed.part.edition


def _verdicts(scratch: Record, lesson: Lesson) -> dict[tuple[str, str], Verdict]:
    """The last verdict of each task in the replay."""
    found: dict[tuple[str, str], Verdict] = {}
    for row in scratch.sessions(lesson.slug):
        history = zip(scratch.history(row.id), scratch.evidence(row.id), strict=True)
        found |= {(past.step, past.task): verdict for past, verdict in history if verdict}
    return found


def _told(
    lesson: Lesson,
    terms: LessonTerms,
    handed: Handed,
    graders: Graders,
    done: Done,
    differences: list[str],
    tries: int,
) -> LessonGrade:
    result = done.result
    assert result is not None
    outcome, message = result.outcome, "" if result.outcome == "reproduced" else result.message
    notes = [f"{one.step}: {note}" for one in result.steps for note in one.notes]
    notes += done.changed.noted
    if outcome != "diverged":
        notes += [f"in another try: {said}" for said in differences]
    if done.changed.grave and outcome == "reproduced":
        outcome = "not replayable"
        message = (
            "not replayable: it was reproduced, but programs of the bench itself are not what they "
            f"were: {'; '.join(done.changed.grave)}"
        )
    else:
        # First: what else is told may be more than is kept.
        notes[:0] = done.changed.grave
    return LessonGrade(
        lesson.slug,
        lesson.title,
        handed.part.session,
        outcome,
        message,
        tasks.graded(lesson, terms, handed.past, result.steps, done.verdicts),
        graders.editions[lesson.slug],
        graders.checkers[lesson.slug],
        tuple(notes[:MOST_NOTES]),
        result.commands,
        result.seconds,
        tries,
    )


def untold(
    lesson: Lesson,
    terms: LessonTerms,
    handed: Handed,
    graders: Graders,
    trouble: str,
    tries: int,
) -> LessonGrade:
    """A lesson that infralab could not do again: a person must look."""
    return LessonGrade(
        lesson.slug,
        lesson.title,
        handed.part.session,
        "not replayable",
        f"not replayable: infralab failed in {tries} benches: {trouble}",
        tasks.graded(lesson, terms, handed.past, (), {}),
        graders.editions[lesson.slug],
        graders.checkers[lesson.slug],
        tries=tries,
        failed=True,
    )


def missing(lesson: Lesson, terms: LessonTerms, graders: Graders) -> LessonGrade:
    """A lesson of the assignment that is not in the submission."""
    return LessonGrade(
        lesson.slug,
        lesson.title,
        "",
        "reproduced",
        "",
        tasks.none(lesson, terms),
        graders.editions[lesson.slug],
        graders.checkers[lesson.slug],
        tries=0,
    )
