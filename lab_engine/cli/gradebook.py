"""`infralab gradebook`: what a class has, for people, programs and platforms."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lab_engine.cli.words import add_json, emit_json, table, tell, verb

if TYPE_CHECKING:
    from lab_engine.grading.assignment.terms import Assignment
    from lab_engine.grading.classroom import Classroom
    from lab_engine.grading.gradebook.standing import Standing

ACTS: Final = ("show", "export", "feedback", "mistakes", "history", "comment", "override")
FORMS: Final = ("csv", "json", "junit", "canvas", "moodle", "gradescope")


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "gradebook",
        "for instructors: show, export and comment grades",
        about="Nothing in a gradebook is ever changed: each grading, comment and override is a "
        "new row with its time, and an override with its reason and author.",
        examples=[
            ("infralab gradebook show week-3.toml", "a line for each learner"),
            ("infralab gradebook export week-3.toml --form canvas --to grades.csv", "for Canvas"),
            (
                "infralab gradebook feedback week-3.toml --to feedback/",
                "two files for each learner",
            ),
            ("infralab gradebook mistakes week-3.toml", "what many got wrong"),
            ("infralab gradebook history week-3.toml ada", "every grading of a learner"),
            (
                "infralab gradebook override week-3.toml ada --points 8 --text 'Shown to me.'",
                "set the points",
            ),
        ],
    )
    parser.add_argument("act", choices=ACTS)
    parser.add_argument("assignment", type=Path, metavar="ASSIGNMENT")
    parser.add_argument("learner", nargs="?", metavar="LEARNER")
    parser.add_argument(
        "--class", dest="folder", type=Path, default=Path(), metavar="FOLDER", help="else here"
    )
    parser.add_argument("--form", choices=FORMS, default="csv")
    parser.add_argument("--to", type=Path, metavar="PATH", help="a file, or a folder; else printed")
    parser.add_argument("--points", type=float, help="of an override; none lifts the one before")
    parser.add_argument("--text", help="the comment, or the reason of an override")
    parser.add_argument("--author", help="who says so; else the user of this machine")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine.errors import UsageError
    from lab_engine.grading.assignment import terms
    from lab_engine.grading.classroom import Classroom

    assignment, classroom = terms.read(args.assignment), Classroom.at(args.folder)
    if args.act in ("history", "comment", "override") and not args.learner:
        raise UsageError(f"`gradebook {args.act}` needs a learner", hint="Name one by their id.")
    if args.act in ("comment", "override"):
        return _say(assignment, classroom, args)
    if args.act == "history":
        return _history(assignment, classroom, args)
    if args.act == "mistakes":
        return _mistakes(assignment, classroom, as_json=args.json)
    found = _standings(assignment, classroom, args.learner)
    if args.act == "export":
        return _export(assignment, classroom, found, args)
    if args.act == "feedback":
        return _feedback(found, args)
    return _show(found, as_json=args.json)


def _standings(assignment: Assignment, classroom: Classroom, learner: str | None) -> list[Standing]:
    from lab_engine.errors import UsageError
    from lab_engine.grading.gradebook.standing import of_class

    found = of_class(classroom, assignment)
    found = [one for one in found if learner in (None, one.learner)]
    if not found:
        raise UsageError(
            f"nobody in the class is called {learner!r}",
            hint="`infralab class show` lists the learners by their ids.",
        )
    return found


def _show(found: list[Standing], *, as_json: bool) -> int:
    from lab_engine.grading.export.tables import number

    if as_json:
        emit_json([{"learner": one.learner, "state": one.state, "standing": one} for one in found])
        return 0
    rows = [
        (
            one.learner,
            one.name,
            f"{number(one.earned) or '-'} / {number(one.possible)}",
            one.state,
            one.look[:60],
        )
        for one in found
    ]
    print(table(rows, head=("learner", "name", "points", "state", "look at")))
    return 0


def _export(
    assignment: Assignment,
    classroom: Classroom,
    found: list[Standing],
    args: argparse.Namespace,
) -> int:
    from lab_engine.errors import UsageError
    from lab_engine.grading.export import gradescope, junit, platforms, tables

    if args.form == "gradescope":
        if args.to is None:
            raise UsageError("a file for each learner needs a folder", hint="Name it with --to.")
        texts = {f"{one.learner}/results.json": gradescope.results(one) for one in found}
        _write(args.to, texts)
        return 0
    if args.form == "canvas":
        text = platforms.canvas(classroom.roster(), assignment, found)
    elif args.form == "moodle":
        text = platforms.moodle(classroom.roster(), assignment, found)
    elif args.form == "junit":
        text = junit.junit(found)
    else:
        text = tables.json(found) if args.form == "json" else tables.csv(found)
    if args.to is None:
        print(text, end="")
    else:
        _write(args.to.parent, {args.to.name: text})
    return 0


def _feedback(found: list[Standing], args: argparse.Namespace) -> int:
    from lab_engine.errors import UsageError
    from lab_engine.grading.export import feedback

    if args.to is None:
        if len(found) == 1:
            print(feedback.markdown(found[0]), end="")
            return 0
        raise UsageError("two files for each learner need a folder", hint="Name it with --to.")
    texts = {f"{one.learner}.md": feedback.markdown(one) for one in found}
    texts |= {f"{one.learner}.html": feedback.page(one) for one in found}
    _write(args.to, texts)
    return 0


def _write(folder: Path, texts: dict[str, str]) -> None:
    """Raises InfralabError."""
    from lab_engine.common import replacing
    from lab_engine.errors import InfralabError

    try:
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            replacing.write(path, text.encode(errors="replace"))
    except OSError as error:
        raise InfralabError(f"{folder} cannot be written: {error}") from error
    tell(f"{len(texts)} file{'s' * (len(texts) != 1)} written to {folder}")


def _say(assignment: Assignment, classroom: Classroom, args: argparse.Namespace) -> int:
    from lab_engine.errors import UsageError
    from lab_engine.grading.gradebook.saying import say

    if not args.text:
        raise UsageError(f"{args.act} needs words", hint="Say why with --text.")
    say(
        classroom,
        assignment,
        args.learner,
        args.act,
        args.text,
        author=args.author or getpass.getuser(),
        points=args.points if args.act == "override" else None,
    )
    tell("Noted.")
    return 0


def _mistakes(assignment: Assignment, classroom: Classroom, *, as_json: bool) -> int:
    from lab_engine.grading.gradebook.book import Gradebook
    from lab_engine.grading.insight.mistakes import mistakes

    with Gradebook.reading(classroom.gradebook) as book:
        found = mistakes(book.latest(assignment.id))
    if as_json:
        emit_json(found)
        return 0
    for one in found:
        tell(one.told)
    return 0


def _history(assignment: Assignment, classroom: Classroom, args: argparse.Namespace) -> int:
    import time

    from lab_engine.grading.export.tables import number
    from lab_engine.grading.gradebook.book import Gradebook

    with Gradebook.reading(classroom.gradebook) as book:
        gradings = book.gradings(assignment.id, args.learner)
        words = book.words(assignment.id, args.learner)
    if args.json:
        emit_json({"gradings": gradings, "words": words})
        return 0
    for one in gradings:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.at))
        points = f"{number(one.earned) or '-'} of {number(one.possible)}"
        wall = f"  in a {one.isolation}" if one.isolation else ""
        by = f"by {one.edition[:12]}{wall}"
        tell(f"{when}  {one.outcome}  {points}  {by}  {one.file}  {one.message}")
    for word in words:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(word.at))
        set_to = "" if word.points is None else f" to {number(word.points)}"
        tell(f"{when}  {word.kind}{set_to} by {word.author}: {word.text}")
    return 0
