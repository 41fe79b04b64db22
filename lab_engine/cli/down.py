"""`infralab down`: end a session and remove its bench."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lab_engine.cli.words import say, verb

if TYPE_CHECKING:
    from lab_engine.bench.container import Bench
    from lab_engine.session.record import Record, SessionRow


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "down",
        "end a session and remove its bench",
        about="Removes the bench with everything in it. Your progress stays.",
        examples=[("infralab down", "the last session"), ("infralab down --all", "all of them")],
    )
    parser.add_argument("--session", metavar="ID")
    parser.add_argument("--all", action="store_true", help="every open session")


def run(args: argparse.Namespace) -> int:
    from lab_engine.bench.container import Bench
    from lab_engine.cli.current import choose, open_record

    record = open_record(needed=False)
    rows = record.open_sessions() if args.all else [choose(record, args.session)]
    for row in rows:
        bench = Bench.find(row.id)
        if bench:
            # Before the removal: they lie in a volume of the bench.
            _keep_recordings(bench, row)
            bench.remove()
        _note_the_end(record, row)
        say(f"session {row.id} ({row.lesson}) is down")
    record.close()
    return 0


def _note_the_end(record: Record, row: SessionRow) -> None:
    """What frees a full disk must not fail because it is full: the bench is gone by now."""
    from lab_engine.errors import InfralabError

    try:
        record.end(row.id)
    except InfralabError as error:
        say(f"the end of session {row.id} is not noted: {error.message}")


def _keep_recordings(bench: Bench, row: SessionRow) -> None:
    """What was typed stays on this machine, for `infralab replay`."""
    from lab_engine import settings
    from lab_engine.course import edition
    from lab_engine.course.lesson import load_course
    from lab_engine.errors import InfralabError
    from lab_engine.recording import kept

    if bench.status() != "running":
        return
    try:
        now = edition.of_lesson(load_course().lesson(row.lesson))
    except InfralabError:
        # The lesson is gone or broken: what was typed is kept all the same.
        now = "unknown"
    try:
        folder = settings.load().data_dir / "recordings" / row.id
        kept.keep(folder, kept.fetch_files(bench), now)
    except InfralabError as error:
        say(f"the recordings of session {row.id} could not be kept: {error.message}")
