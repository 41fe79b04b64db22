"""Many submissions: several benches at once, each grading written as soon as it is there.

Whatever ends the program, what was written stays, and the next run does the rest: it asks the
gradebook what there is. Nothing else is kept of a run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from lab_engine import __version__
from lab_engine.common import tasks
from lab_engine.course.lesson import Course
from lab_engine.errors import DockerUnavailable, InfralabError, unexpected
from lab_engine.grading.assignment import lateness
from lab_engine.grading.assignment.terms import Assignment
from lab_engine.grading.batch import claims, one
from lab_engine.grading.batch.graders import Graders
from lab_engine.grading.batch.isolation import Isolation
from lab_engine.grading.batch.pace import Pace
from lab_engine.grading.classroom import Classroom
from lab_engine.grading.gradebook import marks
from lab_engine.grading.gradebook.book import Gradebook
from lab_engine.grading.gradebook.graded import Graded, LessonGrade
from lab_engine.grading.submission import handed
from lab_engine.grading.submission.handed import Handed, Submission
from lab_engine.grading.submission.refused import Refused
from lab_engine.settings import Settings

Receipt = Literal["claimed", "file"]
GradeLesson = Callable[..., Awaitable[LessonGrade]]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that a batch is about.

    `benches` are at once; `grade_lesson` is `one.grade`, or has workers do that. `isolation` is
    what the engine here is, for lessons that do not say themselves where they were graded.
    """

    course: Course
    assignment: Assignment
    classroom: Classroom
    graders: Graders
    settings: Settings
    received: Receipt = "claimed"
    benches: int = 1
    grade_lesson: GradeLesson = one.grade
    isolation: Isolation | None = None


@dataclass
class Report:
    """What became of each file: refused (and why), graded already, graded now."""

    refused: dict[str, Refused] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)
    graded: list[Graded] = field(default_factory=list)


async def run(
    files: Sequence[Path], wanted: Wanted, book: Gradebook, say: Say = lambda _: None
) -> Report:
    """Grade what the gradebook does not have.

    Raises InfralabError when it cannot be written, DockerUnavailable when there is no engine.
    """
    report = Report()
    ready = []
    seen: set[str] = set()
    for path in files:
        try:
            # One after the other, and only kept as a path: a submission may be large.
            submission = await asyncio.to_thread(_read, path, wanted.assignment)
        except Refused as refused:
            report.refused[str(path)] = refused
            say(f"{path}: {refused.message}")
            continue
        key = (submission.sha256, wanted.assignment.id, wanted.graders.key)
        if submission.sha256 in seen or book.has(*key):
            report.before.append(str(path))
            continue
        seen.add(submission.sha256)
        ready.append(path)
    say(f"{len(ready)} to grade, {len(report.before)} graded before, {len(report.refused)} refused")
    queue, pace = iter(ready), Pace(len(ready))
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, min(wanted.benches, len(ready)))):
                group.create_task(_worker(queue, pace, wanted, book, report, say))
    except BaseExceptionGroup as errors:
        if failed := tasks.first(errors, InfralabError):
            raise failed from None
        raise
    return report


def _read(path: Path, assignment: Assignment) -> Submission:
    submission = handed.read(path)
    claims.require(submission, assignment)
    return submission


async def _worker(
    queue: Iterable[Path], pace: Pace, wanted: Wanted, book: Gradebook, report: Report, say: Say
) -> None:
    for path in queue:
        try:
            submission = await asyncio.to_thread(_read, path, wanted.assignment)
        except Refused as refused:
            # It was changed since it was looked at first.
            report.refused[str(path)] = refused
            continue
        graded = await submission_graded(submission, path, wanted, say)
        book.add(graded)
        report.graded.append(graded)
        done = len(report.graded)
        what = f"{graded.learner}: {graded.outcome} {graded.message}".rstrip()
        say(f"{done}/{pace.total} {what}{pace.told(done)}")


async def submission_graded(submission: Submission, path: Path, wanted: Wanted, say: Say) -> Graded:
    """One submission, lesson after lesson."""
    manifest, assignment = submission.manifest, wanted.assignment
    now = time.time()
    notes = claims.oddities(submission, assignment, wanted.classroom, now)
    seed = wanted.classroom.seed(assignment.id, manifest.learner)
    parts = {one_.part.lesson: one_ for one_ in submission.parts}
    lessons = []
    for terms in assignment.lessons:
        lesson = wanted.course.lesson(terms.slug)
        part: Handed | None = parts.get(lesson.slug)
        if part is None:
            lessons.append(one.missing(lesson, terms, wanted.graders))
            continue
        try:
            graded = await wanted.grade_lesson(
                lesson, terms, part, seed, wanted.graders, wanted.settings, say
            )
        except DockerUnavailable:
            raise
        except Exception as error:
            # One submission never ends the batch; this is a fault of ours, never the learner's.
            trouble = unexpected(error).message
            graded = one.untold(lesson, terms, part, wanted.graders, trouble, 1)
        if wanted.isolation and not graded.isolation:
            graded = msgspec.structs.replace(graded, isolation=wanted.isolation)
        lessons.append(graded)
    received = manifest.made
    if wanted.received == "file":
        received = (await asyncio.to_thread(path.stat)).st_mtime
    outcome = marks.outcome(lessons)
    earned = marks.earned(assignment, lessons, received)
    return Graded(
        submission.sha256,
        submission.seal,
        path.name,
        manifest.learner,
        assignment.id,
        received,
        wanted.received,
        manifest.made,
        outcome,
        None if outcome == "not replayable" else float(earned),
        assignment.points,
        lateness.told(assignment, received),
        tuple(lessons),
        wanted.graders.key,
        wanted.graders.image,
        __version__,
        now,
        tuple(notes),
        _isolation(lessons),
    )


def _isolation(lessons: Sequence[LessonGrade]) -> Literal["", "vm", "container"]:
    """The weakest wall that any of them had."""
    kinds = {one.isolation for one in lessons}
    return "container" if "container" in kinds else "vm" if "vm" in kinds else ""
