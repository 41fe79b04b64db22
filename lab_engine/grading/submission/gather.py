"""What a learner's machine puts into a submission: from the record, the recordings, the bench."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from lab_engine import __version__
from lab_engine.bench import recipe
from lab_engine.bench.container import Bench
from lab_engine.common import digest
from lab_engine.course import edition, pack
from lab_engine.course.lesson import Course, Lesson
from lab_engine.course.verdict import Outcome
from lab_engine.errors import UsageError
from lab_engine.grading.submission import work
from lab_engine.grading.submission.handed import Handed
from lab_engine.grading.submission.manifest import (
    KIND,
    VERSION,
    Answered,
    Happened,
    Hinted,
    Manifest,
    Part,
    Past,
    Told,
)
from lab_engine.recording import kept
from lab_engine.session.record import Record, SessionRow

LEARNERS = ("practice", "assessed")
NO_BENCH = "the bench of this session does not run any more"


def choose(
    record: Record, lesson: Lesson, *, seed: str | None = None, mode: str | None = None
) -> SessionRow:
    """The session of a lesson that was worked in last, ended or not. Raises UsageError."""
    for row in record.sessions(lesson.slug):
        fits = row.mode in LEARNERS and seed in (None, row.seed) and mode in (None, row.mode)
        if fits and record.moments(row.id):
            return row
    what = "".join((f" with the seed {seed}" if seed else "", f" in mode {mode}" if mode else ""))
    raise UsageError(
        f"no session of yours is in lesson {lesson.slug}{what}",
        hint=f"Work in it first: `infralab learn {lesson.slug}`.",
    )


def handed(lesson: Lesson, row: SessionRow, record: Record, data_dir: Path) -> Handed:
    """One lesson's session, with what is in its bench now. Blocks for some seconds.

    Raises Unreadable when its recordings are nowhere, BenchError.
    """
    casts, was = kept.recordings(data_dir / "recordings" / row.id, row.id, lesson)
    bench = Bench.running(row.id)
    files, left_out = work.fetch(bench) if bench else work.Work({}, {})
    steps = [step.name for step in lesson.steps]
    part = Part(
        lesson.slug,
        row.id,
        row.seed,
        "assessed" if row.mode == "assessed" else "practice",
        was,
        {name: edition.of_step(lesson, lesson.step(name)) for name in steps},
        {one.name: one.digest() for one in pack.chain(lesson.packs)} if lesson.packs else {},
        "" if bench else NO_BENCH,
        left_out,
    )
    named = {path: digest.of_bytes(data) for path, data in files.items()}
    return Handed(
        part,
        past(row, record, named),
        dict(casts),
        {digest.of_bytes(data): data for data in files.values()},
    )


def past(row: SessionRow, record: Record, named: dict[str, str]) -> Past:
    """The record of a session; `named` are the files of its work folder, by quoted path."""
    history = zip(record.history(row.id), record.evidence(row.id), strict=True)
    return Past(
        row.began,
        row.touched,
        row.ended,
        tuple(Happened(one.at, one.what, one.step) for one in record.moments(row.id)),
        tuple(
            Told(one.at, one.step, one.task, Outcome(one.outcome), one.given, verdict)
            for one, verdict in history
        ),
        tuple(Hinted(one.at, one.step, one.task, one.number) for one in record.all_hints(row.id)),
        tuple(
            Answered(one.at, one.step, one.question, one.answer[:2000], one.correct)
            for one in record.all_answers(row.id)
        ),
        named,
    )


def manifest(
    course: Course, learner: str, parts: Sequence[Handed], assignment: str = ""
) -> Manifest:
    return Manifest(
        KIND,
        VERSION,
        time.time(),
        __version__,
        learner,
        edition.of_course(course),
        recipe.layer_hash(recipe.layer()),
        tuple(one.part for one in parts),
        assignment,
    )
