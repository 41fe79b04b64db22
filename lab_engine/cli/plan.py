"""`infralab plan`: what would be made, and why."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lab_engine.cli.words import add_json, add_session, emit_json, tell, verb

if TYPE_CHECKING:
    from lab_engine.common.plan import Plan


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "plan",
        "print what provisioning a step would make, and why",
        about="Compares what the step wants with what is really in the bench. Right after "
        "`infralab up` there is nothing left to do.",
        examples=[
            ("infralab plan", "the current step"),
            ("infralab plan docker-networking none", "a step of the lesson's session"),
        ],
    )
    parser.add_argument("lesson", nargs="?")
    parser.add_argument("step", nargs="?")
    add_session(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine.cli.current import run_async

    return run_async(lambda: _plan(args))


async def _plan(args: argparse.Namespace) -> int:
    from lab_engine.cli.current import opened

    async with opened(args, args.lesson, look_on=True) as session:
        plan = await session.plan(args.step)
    if args.json:
        emit_json(plan)
    else:
        show(plan)
    return 0


def show(plan: Plan) -> None:
    """A line for each thing to do."""
    for action in plan.changes:
        tell(f"{action.act:<8} {action.key}: {action.reason}")
    kept = len(plan.actions) - len(plan.changes)
    tell(f"{len(plan.changes)} to do, {kept} there as wanted.")
