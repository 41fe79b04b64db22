"""`infralab up`: make a step ready."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from lab_engine.cli.words import add_json, emit_json, say, verb

if TYPE_CHECKING:
    from lab_engine.session.session import Session


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "up",
        "make a step ready to be worked on",
        about="Start a bench, if none is there yet for the lesson, and make everything in it that "
        "the step needs. Work in it with `infralab shell`, then `infralab check`.",
        examples=[
            ("infralab up docker-networking", "the lesson's first step, or where you were in it"),
            ("infralab up namespaces uts", "a step in the middle, from its start"),
            ("infralab up namespaces --seed 7", "the same names and numbers each time"),
        ],
    )
    parser.add_argument("lesson", help="a lesson, as listed by `infralab lessons`")
    parser.add_argument("step", nargs="?", help="a step, by name or number; else where you were")
    parser.add_argument("--seed", help="what names, sizes and addresses are drawn from")
    parser.add_argument(
        "--assessed", action="store_true", help="for a grade: one hint a task, no solutions"
    )
    parser.add_argument("--ticket", type=Path, metavar="FILE", help="for an assignment of a class")
    parser.add_argument("--new", action="store_true", help="a new session, on a bench of its own")
    parser.add_argument(
        "--yes", action="store_true", help="agree that what you made in the step before goes"
    )
    parser.add_argument("--take-over", action="store_true", help="cut off another client")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine.cli.current import run_async

    return run_async(lambda: _up(args))


async def _up(args: argparse.Namespace) -> int:
    import time
    from contextlib import nullcontext

    from lab_engine import doctor, settings
    from lab_engine.cli.current import agree_to_packs, offer_ahead, open_record, take_up
    from lab_engine.course.lesson import load_course
    from lab_engine.errors import BenchError, UsageError
    from lab_engine.grading import ticket
    from lab_engine.session import which
    from lab_engine.session.opening import alone
    from lab_engine.session.session import Session

    began = time.monotonic()
    lesson = load_course().lesson(args.lesson)
    asked = lesson.step(args.step).name if args.step else None
    mode, seed = "assessed" if args.assessed else "practice", args.seed
    if args.ticket:
        own = ticket.read(args.ticket)
        if lesson.slug not in own.lessons:
            raise UsageError(
                f"lesson {lesson.slug} is not in assignment {own.assignment}",
                hint=f"It has: {', '.join(own.lessons)}.",
            )
        mode, seed = "assessed" if own.mode == "assessed" else mode, own.seed
    record = open_record()
    config = settings.load()
    # Who asks for a new session gets one, however many others do.
    with nullcontext() if args.new else alone(config.data_dir, f"lesson {lesson.slug}"):
        old = None
        if not args.new:
            old = which.latest(record, lessons=(lesson.slug,), seed=seed, mode=mode)
        if old:
            session = await take_up(lesson, old, record, steal=args.take_over)
        else:
            await asyncio.to_thread(agree_to_packs, lesson, yes=args.yes)
            say("starting a bench")
            try:
                session = await Session.begin(
                    lesson,
                    record,
                    config,
                    seed=seed,
                    mode=mode,
                    step=asked or lesson.steps[0].name,
                    progress=doctor.before_building(say),
                )
            except BenchError:
                # What the engine answered is seldom what is wrong with it.
                await asyncio.to_thread(doctor.refuse_early)
                raise
    given: list[str] = []
    step = asked or session.step_name or lesson.steps[0].name
    try:
        # Where the learner was, the work goes on; a step that is asked for begins anew.
        if asked or not session.step_name:
            given = await _enter(session, step, yes=args.yes)
    finally:
        await session.close()
        record.close()
    seconds = time.monotonic() - began
    if args.json:
        emit_json(
            {
                "session": session.id,
                "lesson": lesson.slug,
                "step": step,
                "seed": session.seed.value,
                "variables": session.variables.as_text(),
                "given": given,
                "seconds": round(seconds, 3),
            }
        )
        return 0
    for name in given:
        say(f"step {name} was done for you by its solution: it counts as given")
    print(f"{lesson.slug} / {step} is ready after {seconds:.1f} s (session {session.id}).")
    print("Work in it with `infralab shell`, then run `infralab check`.")
    await asyncio.to_thread(offer_ahead, lesson)
    return 0


async def _enter(session: Session, step: str, *, yes: bool) -> list[str]:
    """Go to a step, once the learner agrees to what goes with the one before.

    Raises UsageError, and has changed nothing, when they do not.
    """
    from lab_engine.cli.current import show_notice
    from lab_engine.cli.words import confirm
    from lab_engine.errors import UsageError, WouldTake

    try:
        given = await session.enter(step, agreed=yes, on_notice=show_notice)
    except WouldTake as asked:
        say(f"Going to step {step}: {asked.message}.")
        say(asked.files)
        if not await asyncio.to_thread(confirm, "Go on?", yes=False):
            raise UsageError(
                f"you stay in step {session.step_name}", hint="Nothing was changed."
            ) from None
        given = await session.enter(step, agreed=True, on_notice=show_notice)
    if session.put_away:
        say(f"Your files of the step before are in {session.put_away}.")
    return given
