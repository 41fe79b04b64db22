"""`infralab grade`: do again what was handed in, and write down what it is worth."""

from __future__ import annotations

import argparse
import os
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lab_engine.cli.isolated import add_isolation, isolated, require_image
from lab_engine.cli.words import add_json, emit_json, say, tell, verb

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab_engine.grading.batch.isolation import Isolation
    from lab_engine.grading.batch.run import Report, Wanted
    from lab_engine.grading.gradebook.book import Gradebook


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "grade",
        "for instructors: grade what was handed in, by doing it again",
        about="Verifies each file, makes a fresh bench with the learner's seed, types again what "
        "was recorded and runs the same checks. `reproduced` and `diverged` have points; `not "
        "replayable` has none until you look. It may be stopped at any moment: the next run goes "
        "on with what is not graded yet.",
        examples=[
            ("infralab grade handed-in/ --assignment week-3.toml --class net-27", "a folder"),
            ("infralab grade ada.zip --assignment week-3.toml --benches 4", "four at once"),
            ("infralab grade ada.zip --assignment week-3.toml --isolation vm", "not trusted"),
            (
                "infralab grade in/ --assignment week-3.toml --cluster tcp://10.0.0.7:8786",
                "on several computers: see `infralab worker --help`",
            ),
        ],
    )
    add_what(parser)
    add_json(parser)


def add_what(parser: argparse.ArgumentParser) -> None:
    """Give a verb the choice of what is graded, and how."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="or folders of them")
    parser.add_argument("--assignment", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--class", dest="folder", type=Path, default=Path(), metavar="FOLDER", help="else here"
    )
    parser.add_argument(
        "--received",
        choices=("claimed", "file"),
        default="claimed",
        help="when it was handed in: by the learner's clock, or the time of the file",
    )
    parser.add_argument("--benches", type=int, help="so many at once; else by cores and memory")
    add_isolation(parser)
    parser.add_argument(
        "--cluster",
        metavar="tcp://HOST:PORT",
        help="have the workers of Dask's scheduler there grade, each on its own engine; tls:// "
        "with the certificates of Dask's configuration",
    )


def run(args: argparse.Namespace) -> int:
    return in_its_place(args, lambda wanted: _grade(args, wanted))


def in_its_place(args: argparse.Namespace, work: Callable[[Wanted], Awaitable[int]]) -> int:
    """Do `work` with the engine that is asked for, or with none where workers have theirs."""
    if args.cluster:
        from lab_engine.cli.current import run_async

        return run_async(lambda: work(wanted(args)))
    with isolated(args.isolation) as isolation:
        # After that: what it imports reads its time limits, and these are the engine's.
        from lab_engine.cli.current import run_async

        return run_async(lambda: work(wanted(args, isolation)))


async def _grade(args: argparse.Namespace, wanted: Wanted) -> int:
    from lab_engine.grading.gradebook.book import Gradebook

    paths = files(args.files)
    with Gradebook.writing(wanted.classroom.gradebook) as book:
        report = await graded(args, paths, wanted, book)
    return _told(report, as_json=args.json)


async def graded(
    args: argparse.Namespace, paths: Sequence[Path], wanted: Wanted, book: Gradebook
) -> Report:
    """Grade into `book`, here or by the workers of a cluster. Raises InfralabError."""
    from lab_engine.grading.batch import run as batch

    if not args.cluster:
        await prepare(wanted)
        return await batch.run(paths, wanted, book, say)
    from lab_engine.grading.cluster import distribution

    async with distribution.distributed(args.cluster, wanted, args.isolation, say) as spread:
        return await batch.run(paths, spread, book, say)


async def prepare(wanted: Wanted) -> None:
    """Have the images, once, before several benches ask for them at the same time."""
    import asyncio

    from lab_engine.packs import image as images

    for terms in wanted.assignment.lessons:
        packs = wanted.course.lesson(terms.slug).packs
        if wanted.isolation == "vm":
            await asyncio.to_thread(require_image, packs)
        await asyncio.to_thread(images.ensure, packs, say)


def wanted(args: argparse.Namespace, isolation: Isolation | None = None) -> Wanted:
    """What a batch is about; `isolation` is the engine's here. Raises InfralabError."""
    from lab_engine import settings
    from lab_engine.course.lesson import load_course
    from lab_engine.grading.assignment import terms
    from lab_engine.grading.batch import graders
    from lab_engine.grading.batch.run import Wanted
    from lab_engine.grading.classroom import Classroom

    course, assignment = load_course(), terms.read(args.assignment)
    terms.verify(assignment, course)
    config = settings.load()
    return Wanted(
        course,
        assignment,
        Classroom.at(args.folder),
        graders.of(course, assignment),
        config,
        args.received,
        args.benches or benches(config.bench_memory),
        isolation=isolation,
    )


def benches(memory: int) -> int:
    """How many benches this machine has room for: one a core, each with its memory."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return max(1, min(os.cpu_count() or 1, pages * size * 3 // 4 // memory))


def files(paths: Sequence[Path]) -> list[Path]:
    """The files, and those in the folders, in the order of their names. Raises UsageError."""
    from lab_engine.errors import UsageError

    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob("**/*.zip")) if path.is_dir() else [path]
    if not found:
        raise UsageError("there is no file to grade", hint="Submissions end with `.zip`.")
    return list(dict.fromkeys(found))


def _told(report: Report, *, as_json: bool) -> int:
    if as_json:
        refused = {
            name: {"reason": one.reason, "message": one.message}
            for name, one in report.refused.items()
        }
        emit_json({"refused": refused, "before": report.before, "graded": report.graded})
    else:
        for name, one in report.refused.items():
            tell(f"{name}: {one.message}")
        for outcome in ("reproduced", "diverged", "not replayable"):
            count = sum(one.outcome == outcome for one in report.graded)
            tell(f"{count} {outcome}")
    whole = all(one.outcome == "reproduced" for one in report.graded)
    return 0 if whole and not report.refused else 1
