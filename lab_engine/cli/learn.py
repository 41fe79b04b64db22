"""`infralab learn`: take a lesson."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lab_engine.cli.words import say, verb
from lab_engine.shown import PRINT_ONLY

if TYPE_CHECKING:
    from lab_engine.course.lesson import Course, Lesson
    from lab_engine.session.record import Record, SessionRow


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "learn",
        "take a lesson: read, work, and see what is done",
        about="Opens the course: text, shell, tasks and a picture of the machines on one screen. "
        "--plain goes on where you were and talks line by line: for screen readers, small "
        "terminals, pipes and logs.",
        examples=[
            ("infralab learn", "the course"),
            ("infralab learn namespaces", "a lesson of your choice"),
            ("infralab learn namespaces uts", "a step of it"),
            ("infralab learn --plain", "line by line"),
            ("printf 'check\\nquit\\n' | infralab learn --plain", "from a script"),
        ],
    )
    parser.add_argument("lesson", nargs="?", help="a lesson, as listed by `infralab lessons`")
    parser.add_argument("step", nargs="?", help="a step of it, by name or number")
    parser.add_argument("--session", metavar="ID", help="the session to take up")
    parser.add_argument("--plain", action="store_true", help="line by line")
    parser.add_argument("--seed", help="what names, sizes and addresses are drawn from")
    parser.add_argument("--new", action="store_true", help="a new session, on a bench of its own")
    parser.add_argument("--take-over", action="store_true", help="cut off another client")
    parser.add_argument("--width", type=int, help="columns of a line (the terminal's, at most 80)")


def run(args: argparse.Namespace) -> int:
    why = "" if args.plain else _without_screens()
    if not args.plain and not why:
        return _screens(args)
    if why:
        say(f"infralab: {why}, so this goes line by line, as with --plain")
    from lab_engine.cli.current import run_async

    return run_async(lambda: _plain(args))


def _without_screens() -> str:
    """Why the screens cannot be drawn here; empty when they can."""
    import os
    import sys

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "the screens need a terminal"
    kind = os.environ.get("TERM", "")
    return f"the terminal says that it can only print (TERM={kind})" if kind in PRINT_ONLY else ""


def _screens(args: argparse.Namespace) -> int:
    from lab_engine import settings
    from lab_engine.tui.app import LearnApp, Wanted

    # Opened by the application, beside its loop: that waits for the disk.
    def record() -> Record:
        from lab_engine.session.record import Record

        return Record(chosen.data_dir / "progress.sqlite")

    chosen = settings.load()
    wanted = Wanted(args.lesson, args.step, args.session, args.seed, args.new, args.take_over)
    app = LearnApp(chosen, record, wanted)
    try:
        return app.run() or 0
    finally:
        app.let_go()


async def _plain(args: argparse.Namespace) -> int:
    import asyncio
    import shutil
    import sys

    from lab_engine import settings
    from lab_engine.cli.current import (
        agree_to_packs,
        choose,
        lesson_of,
        offer_ahead,
        open_record,
        show_notice,
        take_up,
    )
    from lab_engine.course.faults import verify
    from lab_engine.course.lesson import load_course
    from lab_engine.course.seed import Seed
    from lab_engine.course.text.plain import ended
    from lab_engine.plain.lines import Lines
    from lab_engine.plain.walk import Walk
    from lab_engine.session import which
    from lab_engine.session.session import Session

    course = load_course()
    wanted = course.lesson(args.lesson) if args.lesson else None
    if wanted and args.step:
        wanted.step(args.step)
    record = open_record()
    try:
        if args.session:
            old: SessionRow | None = choose(record, args.session)
        elif args.new:
            old = None
        else:
            lessons = {wanted.slug} if wanted else {one.slug for one in course.lessons}
            old = which.latest(record, lessons=lessons, seed=args.seed)
        lesson = lesson_of(old) if old else wanted or _next_lesson(course, record)
        # Before there is a bench: a lesson that is not whole has no use for it.
        verify(lesson, Seed(old.seed if old else args.seed or "sample"))
        print(f"{course.title}. Lesson {lesson.number}: {ended(lesson.title)}", flush=True)
        _say_needs(course, lesson, record)
        if old:
            session = await take_up(lesson, old, record, steal=args.take_over)
        else:
            await asyncio.to_thread(agree_to_packs, lesson)
            say("Starting a bench.")
            session = await Session.begin(
                lesson,
                record,
                settings.load(),
                seed=args.seed,
                step=args.step or lesson.steps[0].name,
                progress=say,
            )
        await asyncio.to_thread(offer_ahead, lesson)
        tty = sys.stdin.isatty()
        width = args.width or min(shutil.get_terminal_size().columns, 80)
        lines = Lines(sys.stdin.fileno())

        async def read() -> str | None:
            line = await lines.next()
            if not tty or line is None:
                # Nobody's typing shows here, so that the log reads like a talk.
                print("" if line is None else line, flush=True)
            return line

        try:
            walk = Walk(
                session,
                read=read,
                say=lambda line: print(line, flush=True),
                on_notice=show_notice,
                tty=tty,
                prompt=lambda: print("> ", end="", flush=True),
                width=width,
            )
            await walk.run(args.step)
        finally:
            await session.close()
        print(
            f"Session {session.id} stays. `infralab learn` goes on in it, `infralab down` ends it."
        )
        return 0
    finally:
        record.close()


def _next_lesson(course: Course, record: Record) -> Lesson:
    """The first lesson that is not done; the first one when all are."""
    from lab_engine.errors import ContentError
    from lab_engine.session.done import Done

    if not course.lessons:
        raise ContentError("the course has no lessons", where=str(course.content))
    done = Done(record)
    return next((one for one in course.lessons if not done.lesson(one)), course.lessons[0])


def _say_needs(course: Course, lesson: Lesson, record: Record) -> None:
    passed = {slug for slug, _, _ in record.passed_tasks()}
    for needed in course.lessons:
        if needed.slug in lesson.needs and needed.slug not in passed:
            print(f"It builds on the lesson {needed.title}, which you have not begun.", flush=True)
