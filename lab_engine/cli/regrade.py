"""`infralab regrade`: what the checks of now make of work that was graded before."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lab_engine.cli import grade
from lab_engine.cli.words import add_json, emit_json, tell, verb

if TYPE_CHECKING:
    from lab_engine.grading.batch.run import Wanted


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "regrade",
        "for instructors: grade again with other checks, and show who changes",
        about="Grades into a book beside the gradebook and says who changes, and why. With "
        "--write these gradings become rows of the gradebook; the ones before stay there.",
        examples=[
            ("infralab regrade handed-in/ --assignment week-3.toml", "who would change"),
            ("infralab regrade handed-in/ --assignment week-3.toml --write", "write it down"),
        ],
    )
    grade.add_what(parser)
    parser.add_argument("--write", action="store_true", help="add them to the gradebook")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    return grade.in_its_place(args, lambda wanted: _regrade(args, wanted))


async def _regrade(args: argparse.Namespace, wanted: Wanted) -> int:
    from lab_engine.grading.gradebook.book import Gradebook
    from lab_engine.grading.insight.changes import changes

    beside = _beside(wanted)
    with Gradebook.writing(beside) as book:
        report = await grade.graded(args, grade.files(args.files), wanted, book)
        new = book.latest(wanted.assignment.id)
    with Gradebook.reading(wanted.classroom.gradebook) as book:
        found = changes(book.latest(wanted.assignment.id), new)
    if args.write:
        with Gradebook.writing(wanted.classroom.gradebook) as book:
            for one in new:
                if not book.has(one.submission, one.assignment, one.edition):
                    book.add(one)
    if args.json:
        emit_json({"changes": found, "written": args.write, "refused": sorted(report.refused)})
        return 0
    for change in found:
        tell(change.told)
    written = "It is written down." if args.write else "Nothing was written; --write does it."
    tell(f"{len(found)} of {len(new)} come out otherwise. {written}")
    return 0


def _beside(wanted: Wanted) -> Path:
    """A book for these graders alone: a regrade that was stopped goes on in it."""
    return wanted.classroom.folder / f"regrade-{wanted.graders.key[:12]}.sqlite"
