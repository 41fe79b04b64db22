"""Which session a verb works in, and how a verb opens it."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from lab_engine import doctor, settings
from lab_engine import protocol as p
from lab_engine.bench.container import Bench
from lab_engine.cli.words import confirm, say
from lab_engine.course.lesson import Lesson, load_course
from lab_engine.errors import BenchError, InfralabError, UsageError
from lab_engine.packs import ahead
from lab_engine.packs import image as images
from lab_engine.session import which
from lab_engine.session.record import Record, SessionRow
from lab_engine.session.session import Session

T = TypeVar("T")


def open_record(*, needed: bool = True) -> Record:
    """This user's record; what is to be known about its file goes to stderr.

    With `needed` false it always opens: for verbs that free the disk, or write nothing. Raises
    InfralabError.
    """
    path = settings.load().data_dir / "progress.sqlite"
    try:
        record = Record(path)
    except InfralabError as error:
        if needed:
            raise
        say(f"infralab: {error.message}; what is done now is not recorded.")
        record = Record.in_memory(path)
    for words in record.said:
        say(f"infralab: {words}.")
    return record


def choose(record: Record, wanted: str | None, lesson: str | None = None) -> SessionRow:
    """The session that was asked for, or the one touched last. Raises UsageError if none."""
    if not record.kept:
        known = [row.id for row in which.of_learners(record)]
        if not any(one.startswith(wanted or "") for one in known):
            return _by_its_bench(wanted)
    if wanted is not None:
        row: SessionRow | None = which.named(record, wanted)
        if row and (row.mode == "proof" or lesson not in (None, row.lesson)):
            row = None
    else:
        row = which.latest(record, lessons=None if lesson is None else (lesson,))
    if row is None:
        what = f"lesson {lesson}" if lesson else "any lesson"
        raise UsageError(
            f"no session is open in {what}",
            hint="Start one: `infralab up LESSON`. `infralab lessons` lists them.",
        )
    return row


def agree_to_packs(lesson: Lesson, *, yes: bool = False) -> None:
    """Ask before the packs of a lesson are built, which takes minutes.

    Raises PacksMissing when nobody agrees or nobody is there to be asked, BenchError when they
    would be of no use on this machine.
    """
    absent = images.missing(lesson.packs) if lesson.packs else None
    if absent is None:
        return
    for finding in doctor.lacking(absent.names):
        say(f"{finding.name} {finding.found}. Lost: {finding.lost}")
        say(f"What mends it: {finding.mend}")
    if yes:
        return
    if not sys.stdin.isatty():
        raise absent
    say(f"{absent.message[0].upper()}{absent.message[1:]}.")
    say("Ctrl+C stops a build; the next one goes on from there.")
    if not confirm("Build now?", yes=False):
        raise absent


def offer_ahead(lesson: Lesson) -> None:
    """Ask once whether the packs of a later lesson shall be built now, beside the learner's work.

    Nothing happens where nobody can be asked.
    """
    if not sys.stdin.isatty():
        return
    config = settings.load()
    offer = ahead.find(lesson, config)
    if offer is None:
        return
    ahead.remember(offer, config)
    say(f"A later lesson, {offer.words}.")
    if confirm("Prepare it now, while you work?", yes=False):
        try:
            path = ahead.prepare(offer, config)
        except OSError as error:
            # No reason to keep a learner from this lesson.
            say(f"It cannot be prepared: {error}. The lesson asks again when you get there.")
            return
        say(f"It is being built; its log is {path}. `infralab packs` says when it is there.")


def running_bench(row: SessionRow) -> Bench:
    """The bench of a session. Raises BenchError when it does not run."""
    bench = Bench.running(row.id)
    if bench is None:
        raise BenchError(
            f"the bench of session {row.id} does not run",
            hint="`infralab repair` brings it back; what is on its disks stays.",
        )
    return bench


def _by_its_bench(session: str | None) -> SessionRow:
    """A session that was named in full, when the record cannot tell about it.

    Raises UsageError when it has no bench, or none was named: others have benches here, too.
    """
    if session is None or Bench.find(session) is None:
        known = ", ".join(info.session for info in Bench.list()) or "none"
        asked = "which session is meant" if session is None else f"a session {session!r}"
        raise UsageError(
            f"your progress cannot be read, so infralab does not know {asked}",
            hint=f"Name it with --session. Benches of this engine: {known}.",
        )
    return SessionRow(session, "an unknown lesson", "", "", "practice", 0.0, 0.0, None)


def lesson_of(row: SessionRow) -> Lesson:
    """The lesson of a session. Raises UsageError when the course has it no more."""
    course = load_course()
    if row.lesson not in {lesson.slug for lesson in course.lessons}:
        what, way = which.told_lost(row)
        there = ", ".join(lesson.slug for lesson in course.lessons)
        raise UsageError(what, hint=f"{way} The lessons that it has: {there}.")
    return course.lesson(row.lesson)


@asynccontextmanager
async def opened(
    args: argparse.Namespace, lesson: str | None = None, *, look_on: bool = False
) -> AsyncIterator[Session]:
    """The chosen session, connected; left open when the verb is done.

    With `look_on` nothing in the bench is changed, whatever state it is in.
    """
    record = open_record()
    try:
        row = choose(record, args.session, lesson)
        session = await Session.resume(
            lesson_of(row),
            row,
            record,
            settings.load(),
            look_on=look_on,
            steal=args.take_over,
            on_notice=show_notice,
            progress=say,
        )
        for sentence in session.news:
            say(sentence)
        try:
            yield session
        finally:
            await session.close()
    finally:
        record.close()


def show_notice(notice: p.AnyNotice) -> None:
    """One line of progress on stderr for what takes time."""
    match notice:
        case p.ActionNotice(key=key, phase="started", text=why, act=act):
            print(f"  {act} {key}: {why}", file=sys.stderr, flush=True)
        case p.ActionNotice(key=key, phase="said", text=text):
            print(f"  {key}: {text}", file=sys.stderr, flush=True)
        case p.ActionNotice(key=key, phase="done", seconds=seconds) if seconds >= 1:
            print(f"  {key}: ready after {seconds:.1f} s", file=sys.stderr, flush=True)
        case p.ActionNotice(key=key, phase="failed", text=text):
            print(f"  {key}: failed: {text}", file=sys.stderr, flush=True)
        case p.ActionNotice(key=key, phase="undone"):
            print(f"  {key}: undone", file=sys.stderr, flush=True)
        case p.DaemonNotice(daemon=daemon, phase="starting"):
            print(f"  starting the bench's {daemon} daemon", file=sys.stderr, flush=True)


async def take_up(lesson: Lesson, row: SessionRow, record: Record, *, steal: bool) -> Session:
    """Go on in an open session, telling on stderr what takes time; see `Session.resume`."""
    say(f"Going on in session {row.id}.")
    session = await Session.resume(
        lesson,
        row,
        record,
        settings.load(),
        steal=steal,
        on_notice=show_notice,
        progress=say,
    )
    for sentence in session.news:
        say(sentence)
    return session


def run_async(work: Callable[[], Awaitable[T]]) -> T:
    """Run a verb's coroutine; Ctrl-C or SIGTERM cancels it, so that what it began is undone.

    A second one waits for the undoing, a third one leaves at once.
    """

    async def main() -> T:
        task = asyncio.current_task()
        assert task is not None
        asked = 0

        def stop() -> None:
            nonlocal asked
            asked += 1
            if asked == 1:
                task.cancel()
            elif asked == 2:
                say("infralab: still undoing what was begun. Once more leaves it to `infralab gc`.")
            else:
                raise KeyboardInterrupt

        # On the loop: Python's own handler raises wherever the program is, also inside of the
        # undoing. SIGHUP: the terminal was closed.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        return await work()

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        # Ctrl-C is what had cancelled it: `frame.main` says so, with exit code 130.
        raise KeyboardInterrupt from None
