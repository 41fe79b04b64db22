"""`infralab new-lesson`: the files of a lesson to be written."""

from __future__ import annotations

import argparse

from lab_engine.cli.words import verb


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "new-lesson",
        "begin a new lesson",
        about="Write the files of a lesson with one step. It loads, and `infralab lint` says what "
        "is still to be written. docs/authoring.md shows how.",
        examples=[
            ("infralab new-lesson overlay-networks --syllabus 07.12", "text and lab"),
            ("infralab lint overlay-networks", "what is missing"),
        ],
    )
    parser.add_argument("slug", help="its short name, such as overlay-networks")
    parser.add_argument(
        "--syllabus", required=True, metavar="ID", help="the part of the source it begins with"
    )
    parser.add_argument("--title", default="", help="its title; from the slug when left out")


def run(args: argparse.Namespace) -> int:
    from lab_engine.course.lesson import load_course
    from lab_engine.course.scaffold import scaffold

    for path in scaffold(load_course(), args.slug, args.syllabus, args.title):
        print(f"wrote {path}")
    print(f"Next: `infralab lint {args.slug}` says what is not written yet.")
    return 0
