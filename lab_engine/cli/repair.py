"""`infralab repair`: start again what was stopped in the bench."""

from __future__ import annotations

import argparse

from lab_engine.cli.words import add_session, say, verb


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "repair",
        "bring back what was stopped in the bench, or reset the step",
        about="For when the bench or a daemon in it was stopped, or something was broken by "
        "accident. What is there stays; what cannot be had again is named. With --reset the step "
        "begins anew: what you made in it is removed.",
        examples=[
            ("infralab repair", "start again what was stopped"),
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
    from lab_engine.session.drift import drift

    # Taking the session up is the repair: what stopped is started, what is missing made again.
    async with opened(args) as session:
        if args.reset:
            left = await session.reset(on_notice=show_notice)
            say("the step is as it was at its start" if left.none else "the step was built anew")
        else:
            said = await drift(session)
            say(said[0].lower() + said[1:].removesuffix("."))
    return 0
