"""`infralab replay`: type a session again in a fresh bench."""

from __future__ import annotations

import argparse

from lab_engine.cli.words import add_json, emit_json, say, tell, verb


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "replay",
        "type a session again in a fresh bench and compare the verdicts",
        about="Makes a fresh bench with the session's seed, types what was recorded, waits for "
        "each prompt, and runs the same checks. Says `reproduced`, `diverged at step k`, or `not "
        "replayable`; and what else differs: exit codes, files in ~/work. The session's own bench "
        "is not touched.",
        examples=[
            ("infralab replay", "the last session"),
            ("infralab replay 3fa2b1c0", "a session by its id"),
        ],
    )
    parser.add_argument("session", nargs="?", metavar="SESSION")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine.cli.current import run_async

    return run_async(lambda: _replay(args))


async def _replay(args: argparse.Namespace) -> int:
    import asyncio

    from lab_engine import settings
    from lab_engine.cli.current import choose, open_record
    from lab_engine.course.lesson import load_course
    from lab_engine.errors import UsageError
    from lab_engine.recording import kept
    from lab_engine.recording import replay as replaying
    from lab_engine.recording.cast import Unreadable
    from lab_engine.session.record import Record

    record = open_record(needed=False)
    config = settings.load()
    # By its whole id also one that has ended, of which `choose` does not know.
    row = record.session(args.session) if args.session else None
    row = row or choose(record, args.session)
    folder = config.data_dir / "recordings" / row.id
    try:
        lesson = load_course().lesson(row.lesson)
        files, was = await asyncio.to_thread(kept.recordings, folder, row.id, lesson)
        casts = kept.read(files)
    except (Unreadable, UsageError) as error:
        result = replaying.not_replayable(row.id, error)
    else:
        # The replay's session is nobody's progress.
        own = Record.in_memory()
        result = await replaying.replay(lesson, row, casts, record, own, config, say, was=was)
        own.close()
    record.close()
    if args.json:
        emit_json(result)
    else:
        tell(f"session {row.id}: {result.message}")
        for number, step in enumerate(result.steps, 1):
            for note in step.notes:
                tell(f"  step {number} ({step.step}): {note}")
    return 0 if result.outcome == "reproduced" else 1
