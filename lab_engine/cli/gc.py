"""`infralab gc`: remove what belongs to no live session."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lab_engine.cli.words import add_json, emit_json, say, tell, verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab_engine.session.gc import Leftover


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "gc",
        "remove what is left of sessions that ended or crashed",
        about="Lists or removes benches, volumes, networks, loop devices and old images of "
        "infralab that belong to no live session, marked things in benches that no ledger knows, "
        "what the builds of packs left that were broken off a week ago, and what ended starts of "
        "the virtual machine left. What is not marked as ours is never touched, nor a bench of "
        "another user.",
        examples=[
            ("infralab gc --dry-run", "only say what there is"),
            ("infralab gc", "remove it"),
            ("infralab gc --all", "also what your record does not know"),
        ],
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what there is")
    parser.add_argument(
        "--all",
        action="store_true",
        help="also what is left of sessions that your record does not know, and of builds that "
        "could go on",
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine.cli.current import run_async

    return run_async(lambda: _gc(args))


def _note(thing: Leftover) -> str:
    if not thing.session:
        return " (a pack's build was broken off and can go on from it: kept without --all)"
    if thing.whose == "unknown":
        return f" (unknown session{_of(thing.owner)}: kept without --all)"
    how = f"; if nobody needs it: docker rm -fv {thing.name}" if thing.kind == "container" else ""
    return f" (somebody else's{_of(thing.owner)}: stays{how})"


def _of(owner: str) -> str:
    return f", {owner}" if owner else ""


def show(found: Sequence[Leftover], chosen: Sequence[Leftover]) -> None:
    """A line for each thing; those that are not `chosen` say why they stay."""
    for thing in found:
        where = f"in the bench of {thing.name}" if thing.where == "bench" else thing.name
        note = _note(thing) if thing not in chosen else ""
        session = f", session {thing.session}" if thing.session else ""
        tell(f"{thing.kind:<10} {where}{session}{note}")


async def _gc(args: argparse.Namespace) -> int:
    import asyncio

    from lab_engine import settings
    from lab_engine.bench import owner
    from lab_engine.cli.current import open_record
    from lab_engine.machine import life, place
    from lab_engine.session import gc

    # First: it needs no engine.
    where = place.of(settings.load())
    stale = life.leftovers(where) if args.dry_run else life.sweep(where, say)
    if not args.json:
        for path in stale:
            tell(f"{'machine':<10} {path}")
    # On a full disk it may not open, and this is what makes room there.
    record = open_record(needed=False)
    found = await asyncio.to_thread(gc.leftovers, record, owner.name(settings.load().data_dir))
    found += await gc.in_benches(record, say)
    wanted = ("mine", "unknown") if args.all else ("mine",)
    chosen = [thing for thing in found if thing.whose in wanted]
    if args.json:
        emit_json({"found": found, "machine": stale, "removed": [] if args.dry_run else chosen})
    else:
        show(found, chosen)
    left = [] if args.dry_run else await gc.sweep(chosen)
    record.close()
    for thing, why in left:
        say(f"could not be removed: {thing.kind} {thing.name}: {why}")
    if not args.json:
        done = len(chosen) - len(left) + len(stale)
        tell(
            f"{len(found) + len(stale)} found."
            if args.dry_run
            else f"{done} removed, {len(left)} left."
        )
    return 3 if left else 0
