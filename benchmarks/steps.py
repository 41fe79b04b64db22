"""From Enter to a step that is ready: each step of the lessons, in a bench of its lesson."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks import measure, place
from benchmarks.measure import Aim, Comparison, Result, Timing
from lab_engine import settings as settings_module
from lab_engine.course.lesson import Lesson, load_course
from lab_engine.packs import image as pack_image
from lab_engine.session.record import Record
from lab_engine.session.session import Session

AIM_SECONDS = 10.0
"""None takes longer without a reason."""
QUICK = "namespaces"


async def entered(lesson: Lesson, folder: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds by what was waited for: the lesson's bench, and each step of it in order."""
    settings = replace(settings_module.load(), data_dir=folder)
    record = Record.in_memory()
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        begun = time.monotonic()
        session = await Session.begin(lesson, record, settings, mode="proof")
        try:
            times.setdefault("bench", []).append(time.monotonic() - begun)
            for step in lesson.steps:
                if step.lab_step is None:
                    continue
                begun = time.monotonic()
                await session.enter(step.name)
                times.setdefault(step.name, []).append(time.monotonic() - begun)
        finally:
            await session.down()
    return times


def run(args: argparse.Namespace) -> Result:
    before = measure.load_now()
    course = load_course()
    names = [QUICK] if args.quick else args.lessons
    lessons = [course.lesson(slug) for slug in names] or list(course.lessons)
    lines: list[Comparison] = []
    left_out: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for lesson in lessons:
            # Building one is no part of entering a lesson.
            if pack_image.missing(lesson.packs) is not None:
                left_out.append(lesson.slug)
                continue
            times = asyncio.run(entered(lesson, Path(folder), 1 if args.quick else args.rounds))
            lines += [
                Comparison(
                    f"{lesson.slug}, {what}",
                    Timing("infralab", tuple(seconds)),
                    (),
                    Aim(AIM_SECONDS, "median"),
                )
                for what, seconds in times.items()
            ]
    notes: tuple[str, ...] = (
        "A step that continues another one is counted with that one's solution.",
    )
    if left_out:
        notes += (f"Left out, since their packs are not built: {', '.join(left_out)}.",)
    return Result("steps", measure.machine(before), tuple(lines), {}, notes)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lessons", nargs="*", help="all of them when left out")
    parser.add_argument("--rounds", type=int, default=1)


if __name__ == "__main__":
    raise SystemExit(place.main(__doc__ or "", run, options))
