"""`infralab instructor`: a class on screens, or as lines and JSON."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lab_engine.cli.words import add_json, emit_json, say, table, tell, verb
from lab_engine.shown import PRINT_ONLY

if TYPE_CHECKING:
    from lab_engine.grading.insight.room import Room
    from lab_engine.grading.submission.handed import Submission


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "instructor",
        "for instructors: look at a class, one learner, one task, a recorded terminal",
        about="Opens the class on screens: who has what, what must be looked at, each learner "
        "with what was expected and found, their recorded terminal at any speed, and each task "
        "over the class. Comments and overrides are added there, too. Where there is no terminal, "
        "or with --plain or --json, it prints the same as lines.",
        examples=[
            ("infralab instructor net-27 week-3.toml", "the class on screens"),
            ("infralab instructor net-27 week-3.toml --only look --plain", "what to look at"),
            ("infralab instructor net-27 week-3.toml --learner ada", "one learner"),
            ("infralab instructor net-27 week-3.toml --learner ada --replay", "their terminal"),
            ("infralab instructor net-27 week-3.toml --task own-name", "one task over the class"),
            ("infralab instructor net-27 week-3.toml --tasks --json", "all tasks, for programs"),
            ("infralab instructor --live", "who is on which step now, for how long"),
            (
                "infralab instructor net-27 --live --engine tcp://10.0.0.7:2375",
                "on another machine, by the names of the class",
            ),
        ],
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, metavar="CLASS", help="its folder; else here"
    )
    parser.add_argument(
        "assignment", nargs="?", type=Path, metavar="ASSIGNMENT",
        help="its file; else the only one in the class's folder, beside it or here",
    )  # fmt: skip
    parser.add_argument(
        "--handed-in", action="append", type=Path, default=[], metavar="FOLDER",
        help="where the graded files are; else `handed-in` beside the class",
    )  # fmt: skip
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--learner", metavar="ID", help="one learner")
    what.add_argument("--task", metavar="TASK", help="one task over the class")
    what.add_argument("--tasks", action="store_true", help="every task over the class")
    what.add_argument("--live", action="store_true", help="who is at work now; reads only")
    parser.add_argument("--replay", action="store_true", help="the learner's recorded terminal")
    parser.add_argument(
        "--engine", action="append", default=[], metavar="HOST",
        help="whose benches --live looks at, as DOCKER_HOST names it; again for another one",
    )  # fmt: skip
    parser.add_argument("--search", default="", metavar="WORDS", help="only rows that have them")
    parser.add_argument("--only", default="all", choices=ONLY, help="which rows")
    parser.add_argument("--sort", default="list", choices=SORTS, help="in which order")
    parser.add_argument("--backwards", action="store_true", help="the other way round")
    parser.add_argument("--author", default="", help="who comments; else you are asked once")
    parser.add_argument("--plain", action="store_true", help="lines, also in a terminal")
    add_json(parser)


# As `grading.insight.rows` has them, which is imported only when the verb runs: a test compares.
ONLY = (
    "all", "look", "missing", "reproduced", "diverged", "not-replayable", "late", "overridden",
)  # fmt: skip
SORTS = ("list", "learner", "name", "points", "state", "received")


def run(args: argparse.Namespace) -> int:
    from lab_engine.errors import UsageError

    if args.replay and not args.learner:
        raise UsageError("--replay needs a learner", hint="Name one with --learner.")
    room = _room(args)
    why = "" if args.plain or args.json else _without_screens()
    if not (args.plain or args.json or why):
        return _screens(room, args)
    if why:
        say(f"infralab: {why}, so this goes line by line, as with --plain")
    if args.live or room is None:
        return _live(room, args)
    if args.learner:
        return _replay(room, args) if args.replay else _learner(room, args)
    if args.task or args.tasks:
        return _tasks(room, args)
    return _class(room, args)


def _room(args: argparse.Namespace) -> Room | None:
    """The class that is meant; None where a look at who is at work does not need one."""
    from lab_engine.errors import InfralabError
    from lab_engine.grading.classroom import Classroom
    from lab_engine.grading.insight import room as rooms

    folder = args.folder or Path()
    try:
        return rooms.enter(folder, args.assignment, args.handed_in)
    except InfralabError:
        if not args.live or args.assignment:
            raise
        if args.folder:
            # Of several assignments none is meant: then learners have no names.
            Classroom.at(args.folder)
        return None


def _without_screens() -> str:
    """Why the screens cannot be drawn here; empty when they can."""
    import os
    import sys

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "the screens need a terminal"
    kind = os.environ.get("TERM", "")
    return f"the terminal says that it can only print (TERM={kind})" if kind in PRINT_ONLY else ""


def _screens(room: Room | None, args: argparse.Namespace) -> int:
    from lab_engine import settings
    from lab_engine.tui.instructor.app import InstructorApp, View

    # What is not there is told here, and not by a screen that would be empty.
    if room and args.learner:
        room.standing(args.learner)
    if room and args.task:
        room.task(args.task)
    view = View(
        args.search,
        args.only,
        args.sort,
        args.backwards,
        args.learner or "",
        args.task or "",
        tasks=args.tasks,
        replay=args.replay,
        live=args.live,
    )
    app = InstructorApp(settings.load(), room, view, author=args.author, engines=args.engine)
    try:
        return app.run() or 0
    finally:
        app.let_go()


def _live(room: Room | None, args: argparse.Namespace) -> int:
    import time

    from lab_engine import settings
    from lab_engine.course.lesson import load_course
    from lab_engine.grading.insight.at_work import troubles, workers
    from lab_engine.plain import instructor
    from lab_engine.session import present

    engines = present.look(args.engine or [""], load_course(), settings.load().data_dir)
    now = time.time()
    found = workers(engines, room.seeds() if room else {}, now)
    if args.json:
        rows = [
            {"who": one.who, "state": one.how, "stuck": one.stuck, "bench": one.bench}
            for one in found
        ]
        emit_json({"workers": rows, "engines": engines})
    else:
        for line in instructor.live(found, troubles(engines)):
            tell(line)
    # None of them answers: that is no class without work.
    return 3 if engines and all(one.trouble for one in engines) else 0


def _class(room: Room, args: argparse.Namespace) -> int:
    from lab_engine.grading.insight.rows import rows
    from lab_engine.grading.insight.told import points

    found = rows(
        room.standings(),
        search=args.search,
        only=args.only,
        sort=args.sort,
        backwards=args.backwards,
    )
    if args.json:
        emit_json([{"learner": one.learner, "state": one.state, "standing": one} for one in found])
        return 0
    lines = [
        (
            one.learner,
            one.name,
            points(one),
            one.state,
            one.graded.late if one.graded else "",
            one.look,
        )
        for one in found
    ]
    print(table(lines, head=("learner", "name", "points", "state", "late", "look at")))
    return 0


def _learner(room: Room, args: argparse.Namespace) -> int:
    from lab_engine.errors import InfralabError
    from lab_engine.grading.insight.files import files
    from lab_engine.plain import instructor

    standing, words = room.standing(args.learner), room.words(args.learner)
    lacking, theirs = "", []
    try:
        if standing.graded:
            submission = room.submission(standing.graded)
            theirs = [file for part in submission.parts for file in files(part)]
    except InfralabError as error:
        lacking = f"{error.message}. {error.hint}"
    if args.json:
        emit_json(
            {
                "state": standing.state,
                "standing": standing,
                "words": words,
                "files": [file._asdict() for file in theirs],
                "lacking": lacking,
            }
        )
        return 0
    for line in instructor.learner(standing, words, theirs, lacking):
        tell(line)
    return 0


def _replay(room: Room, args: argparse.Namespace) -> int:
    from lab_engine.grading.insight.tape import tape
    from lab_engine.plain import instructor

    tapes = {part.part.lesson: tape(part) for part in _handed(room, args.learner).parts}
    if args.json:
        emit_json(
            {
                lesson: {
                    "seconds": one.seconds,
                    "terminals": [shell._asdict() for shell in one.shells],
                    "places": [mark._asdict() for mark in one.marks],
                }
                for lesson, one in tapes.items()
            }
        )
        return 0
    for lesson, one in tapes.items():
        for line in instructor.replay(lesson, one):
            tell(line)
    return 0


def _handed(room: Room, learner: str) -> Submission:
    from lab_engine.errors import UsageError

    standing = room.standing(learner)
    if standing.graded is None:
        raise UsageError(f"nothing of {learner} was graded", hint="`infralab grade` grades.")
    return room.submission(standing.graded)


def _tasks(room: Room, args: argparse.Namespace) -> int:
    from lab_engine.plain import instructor

    found = [room.task(args.task)] if args.task else room.tasks()
    if args.json:
        emit_json(found[0] if args.task else found)
        return 0
    lines = instructor.over_class(found[0]) if args.task else instructor.tasks(found)
    for line in lines:
        tell(line)
    return 0
