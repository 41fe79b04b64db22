"""`infralab class`: who is in a class, and what each of them gets."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lab_engine.cli.words import add_json, emit_json, table, tell, verb

if TYPE_CHECKING:
    from lab_engine.grading.classroom import Classroom


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "class",
        "for instructors: make a class, import its list, write tickets",
        about="A class is a folder with a key, a list of learners and a gradebook. From the key "
        "and a learner's id comes the seed of that learner: keep the key to yourself, and keep a "
        "copy of it. A ticket is the small file that a learner gets for an assignment.",
        examples=[
            ("infralab class new net-27", "a folder with a new key"),
            ("infralab class import list.csv --class net-27", "a list of Canvas, Moodle, or plain"),
            ("infralab class show --class net-27", "who is in it"),
            ("infralab class tickets week-3.toml --class net-27", "one file for each learner"),
        ],
    )
    parser.add_argument("act", choices=("new", "import", "show", "tickets"))
    parser.add_argument("file", nargs="?", type=Path, help="the folder, the list, the assignment")
    parser.add_argument(
        "--class", dest="folder", type=Path, default=Path(), metavar="FOLDER", help="else here"
    )
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="where tickets are written")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine.errors import UsageError
    from lab_engine.grading.classroom import Classroom

    if args.file is None and args.act != "show":
        raise UsageError(
            f"`class {args.act}` needs a file or a folder", hint="`infralab class --help` shows."
        )
    if args.act == "new":
        made = Classroom.new(args.file)
        tell(f"A class is in {made.folder}. Keep a copy of its class.key, and show it to nobody.")
        return 0
    classroom = Classroom.at(args.folder)
    if args.act == "import":
        return _import(classroom, args)
    if args.act == "show":
        return _show(classroom, args)
    return _tickets(classroom, args)


def _import(classroom: Classroom, args: argparse.Namespace) -> int:
    from lab_engine.grading.roster import exported

    roster = exported.read(args.file)
    new, gone = classroom.keep(roster)
    if args.json:
        emit_json({"source": roster.source, "new": new, "gone": gone})
        return 0
    tell(f"{len(roster.learners)} learners ({roster.source}), {len(new)} of them new.")
    if gone:
        tell(f"No more in the list: {', '.join(gone)}. Their grades stay in the gradebook.")
    return 0


def _show(classroom: Classroom, args: argparse.Namespace) -> int:
    roster = classroom.roster()
    if args.json:
        emit_json(roster.learners)
        return 0
    rows = [(one.id, one.name, one.email) for one in roster.learners]
    print(table(rows, head=("learner", "name", "e-mail")))
    return 0


def _tickets(classroom: Classroom, args: argparse.Namespace) -> int:
    from lab_engine.course.lesson import load_course
    from lab_engine.grading.assignment import terms

    assignment = terms.read(args.file)
    terms.verify(assignment, load_course())
    to = args.to or classroom.folder / "tickets" / assignment.id
    paths = classroom.tickets(assignment, to)
    if args.json:
        emit_json([str(path) for path in paths])
        return 0
    tell(f"{len(paths)} tickets are in {to}; due {assignment.due_text}.")
    return 0
