"""`infralab syllabus`: which part of the source is covered by which steps, and how."""

from __future__ import annotations

import argparse
import textwrap
from typing import Any, Final

from lab_engine.cli.words import add_json, emit_json, verb

INDENT: Final[dict[str, Any]] = {
    "initial_indent": " " * 17,
    "subsequent_indent": " " * 19,
    "break_on_hyphens": False,
}


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "syllabus",
        "show what of the source is covered, and how",
        about="Each part of the source with the steps that cover it. real: a check reads a real "
        "thing that the task changed, as the last `infralab prove --record` has seen. nearest: the "
        "same with a stand-in, or not seen. question: the learner answers about it. missing: "
        "nothing yet.",
        examples=[
            ("infralab syllabus", "every part"),
            ("infralab syllabus 07", "one chapter"),
            ("infralab syllabus --how missing", "what has no step yet"),
            ("infralab syllabus --json", "for programs"),
        ],
    )
    parser.add_argument(
        "part", nargs="?", default="", help="an id or a chapter, such as 07 or 07.8"
    )
    parser.add_argument(
        "--how", choices=("real", "nearest", "question", "missing"), help="only those covered so"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine.course import proven
    from lab_engine.course.cover import BEST_FIRST, coverage
    from lab_engine.course.lesson import load_course
    from lab_engine.errors import UsageError

    course = load_course()
    found = [
        covered
        for covered in coverage(course.syllabus, course.lessons, proven.load(course.content))
        if not args.part
        or covered.entry.id == args.part
        or covered.entry.id.startswith(f"{args.part}.")
    ]
    if not found:
        raise UsageError(
            f"the syllabus has no part {args.part!r}", hint="`infralab syllabus` lists them."
        )
    totals = {how: sum(c.how == how for c in found) for how in BEST_FIRST}
    shown = [c for c in found if args.how in (None, c.how)]
    if args.json:
        emit_json({"totals": totals, "parts": shown})
        return 0
    for covered in shown:
        print(f"{covered.entry.id:<6} {covered.how:<9} {covered.entry.heading}")
        lessons = dict.fromkeys(by.lesson for by in covered.by)
        for lesson in lessons:
            steps = [f"{b.step} ({b.how})" for b in covered.by if b.lesson == lesson]
            print(textwrap.fill(f"{lesson}: {', '.join(steps)}", 100, **INDENT))
        for by in covered.by:
            if by.why:
                print(textwrap.fill(f"{by.step} is {by.how}: {by.why}", 100, **INDENT))
    print("\n" + ", ".join(f"{how}: {count}" for how, count in totals.items()))
    return 0
