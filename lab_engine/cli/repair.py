"""`infralab repair`: start again what was stopped in the bench."""

from __future__ import annotations

import argparse

from lab_engine.cli.words import add_session, say, verb


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "repair",
        "start again the bench's daemons that were stopped, or reset the step",
        about="For when a daemon in the bench was stopped or something was broken by accident. "
        "With --reset the step begins anew: what you made in it is removed.",
        examples=[
            ("infralab repair", "start the step's daemons again"),
            ("infralab repair --reset", "the step as it was at its start"),
        ],
    )
    parser.add_argument("--reset", action="store_true", help="bring the step back to its start")
    add_session(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine.cli.current import run_async

    return run_async(lambda: _repair(args))


async def _repair(args: argparse.Namespace) -> int:
    from lab_engine.cli.current import opened, show_notice

    async with opened(args) as session:
        await session.repair(on_notice=show_notice)
        if args.reset:
            await session.reset(on_notice=show_notice)
            say("the step is as it was at its start")
        else:
            say("the step's daemons run")
    return 0
