"""`infralab down`: end a session and remove its bench."""

from __future__ import annotations

import argparse

from lab_engine.cli.words import say, verb


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

    record = open_record()
    rows = record.open_sessions() if args.all else [choose(record, args.session)]
    for row in rows:
        bench = Bench.find(row.id)
        if bench:
            bench.remove()
        record.end(row.id)
        say(f"session {row.id} ({row.lesson}) is down")
    record.close()
    return 0
