"""`infralab submit`: one file to hand in."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lab_engine.cli.words import add_json, emit_json, say, tell, verb

if TYPE_CHECKING:
    from lab_engine.grading.submission.handed import Submission


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "submit",
        "make the file that you hand in",
        about="Puts your last session of each lesson into one file: what you typed and saw in "
        "infralab's shells, the verdicts with their evidence, and the files of ~/work in the bench "
        "while that runs. No other file of your machine is in it. Says what it holds, and the "
        "seal by which you can prove later that this is the file.",
        examples=[
            ("infralab submit namespaces --learner ada", "writes infralab-ada.zip here"),
            ("infralab submit --ticket week-3-ada.toml", "all lessons of an assignment"),
            ("infralab submit --show infralab-ada.zip", "what is in a file, and whether it holds"),
        ],
    )
    parser.add_argument("lessons", nargs="*", metavar="LESSON")
    parser.add_argument("--learner", metavar="ID", help="who you are to your instructor")
    parser.add_argument("--ticket", type=Path, metavar="FILE", help="what your instructor gave you")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to write it")
    parser.add_argument("--show", type=Path, metavar="FILE", help="look into a file; write none")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine.grading.submission import handed

    if args.show:
        _told(handed.read(args.show), args.show, as_json=args.json)
        return 0
    path = _written(args)
    _told(handed.read(path), path, as_json=args.json)
    return 0


def _written(args: argparse.Namespace) -> Path:
    """Make the file, and give its path. Raises InfralabError."""
    from lab_engine import settings
    from lab_engine.cli.current import open_record
    from lab_engine.common import replacing
    from lab_engine.course.lesson import load_course
    from lab_engine.errors import InfralabError, UsageError
    from lab_engine.grading.submission import gather, handed

    asked = _asked(args)
    path: Path = args.output or Path(f"infralab-{asked.name}.zip")
    if path.exists():
        raise UsageError(
            f"{path} is there already", hint="Remove it, or name another file with --output."
        )
    course = load_course()
    record = open_record()
    try:
        parts = []
        for slug in asked.lessons:
            lesson = course.lesson(slug)
            row = gather.choose(record, lesson, seed=asked.seed, mode=asked.mode)
            say(f"{lesson.slug}: session {row.id}")
            parts.append(gather.handed(lesson, row, record, settings.load().data_dir))
    finally:
        record.close()
    manifest = gather.manifest(course, asked.learner, parts, asked.assignment)
    data = handed.pack(manifest, tuple(parts))
    # What the instructor's infralab would refuse is refused here, while it can be mended.
    handed.parse(data)
    try:
        replacing.write(path, data, durable=True)
    except OSError as error:
        raise InfralabError(
            f"{path} cannot be written: {error}", hint="Name another place with --output."
        ) from error
    return path


class _Asked(NamedTuple):
    learner: str
    lessons: tuple[str, ...]
    seed: str | None = None
    mode: str | None = None
    assignment: str = ""

    @property
    def name(self) -> str:
        return "-".join(part for part in (self.assignment, self.learner) if part)


def _asked(args: argparse.Namespace) -> _Asked:
    """What is handed in, and by whom. Raises InfralabError."""
    import msgspec

    from lab_engine.errors import UsageError
    from lab_engine.grading import ticket
    from lab_engine.grading.submission.manifest import LearnerId

    if args.ticket:
        own = ticket.read(args.ticket)
        mode = None if own.mode == "any" else own.mode
        if args.learner not in (None, own.learner):
            raise UsageError(f"the ticket is {own.learner}'s, not {args.learner}'s")
        # A lesson that was never begun is left out by naming the others.
        lessons = tuple(dict.fromkeys(args.lessons)) or own.lessons
        return _Asked(own.learner, lessons, own.seed, mode, own.assignment)
    if not args.lessons or not args.learner:
        raise UsageError(
            "nothing was named to hand in",
            hint="Name lessons and yourself: `infralab submit namespaces --learner ada`.",
        )
    try:
        learner = msgspec.convert(args.learner, LearnerId)
    except msgspec.ValidationError:
        raise UsageError(
            f"--learner {args.learner!r} cannot be used",
            hint="It has letters, digits, and . _ @ + - alone.",
        ) from None
    return _Asked(learner, tuple(dict.fromkeys(args.lessons)))


def _told(submission: Submission, path: Path, *, as_json: bool) -> None:
    from lab_engine.grading.submission.work import spelled

    manifest = submission.manifest
    if as_json:
        emit_json(
            {
                "file": str(path),
                "seal": submission.seal,
                "manifest": manifest,
                "work": {one.part.session: one.past.work for one in submission.parts},
            }
        )
        return
    tell(f"{path}: submission of {manifest.learner}")
    for one in submission.parts:
        passed = {(told.step, told.task) for told in one.past.verdicts if told.outcome == "pass"}
        tell(
            f"  {one.part.lesson}: session {one.part.session} ({one.part.mode}), "
            f"{len(one.casts)} recordings, {len(one.past.verdicts)} verdicts, "
            f"{len(passed)} tasks passed, {len(one.past.work)} files of ~/work"
        )
        if not one.casts:
            tell("    nothing was typed in infralab's shells: there is nothing to do again")
        if one.part.work:
            tell(f"    no files of ~/work: {one.part.work}")
        for name, why in one.part.left_out.items():
            tell(f"    left out ~/work/{spelled(name)}: {why}")
    tell(f"  seal: {submission.seal}")
    tell("It holds what you typed and saw in infralab's shells, and nothing else of your machine.")
