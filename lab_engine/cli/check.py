"""`infralab check`: is the step done?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lab_engine.cli.words import add_json, add_session, emit_json, verb

if TYPE_CHECKING:
    from lab_engine.course.verdict import Verdict


STANDINGS = {"pass": "PASS", "fail": "NOT YET", "error": "CHECK BROKE", "waiting": "WAITING"}
WORDS = {
    "expected": "expected:",
    "observed": "observed:",
    "look": "look:",
    "explanation": "why:",
    "message": "",
}


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "check",
        "check the tasks of the current step",
        about="Reads the real state of the bench and says for each task whether it is done, and "
        "if not, what was expected, what is there, and how to see it. Changes nothing.",
        examples=[
            ("infralab check", "the current step of the last session"),
            ("infralab check --json", "the same, for programs"),
        ],
    )
    parser.add_argument("lesson", nargs="?", help="only a session of this lesson")
    parser.add_argument("step", nargs="?", help="the step that the session must be in")
    add_session(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine.cli.current import run_async

    return run_async(lambda: _check(args))


async def _check(args: argparse.Namespace) -> int:
    from lab_engine.cli.current import opened
    from lab_engine.course.verdict import Outcome
    from lab_engine.errors import UsageError

    # Looking on takes no lease: a client that works in the session is not cut off.
    async with opened(args, args.lesson, look_on=True) as session:
        if args.step and args.step != session.step_name:
            raise UsageError(
                f"the session is in step {session.step_name}, not in {args.step}",
                hint=f"`infralab up {session.lesson.slug} {args.step}` goes there.",
            )
        verdicts, _ = await session.check()
        if args.json:
            emit_json(
                {
                    "session": session.id,
                    "lesson": session.lesson.slug,
                    "step": session.step_name,
                    "verdicts": verdicts,
                }
            )
        else:
            for line in told(verdicts):
                print(line)
        # First: a check that broke says nothing about the work.
        if any(v.outcome is Outcome.ERROR for v in verdicts):
            return 3
        return 0 if all(v.passed for v in verdicts) else 1


def told(verdicts: list[Verdict]) -> list[str]:
    """Verdicts as lines, with what was expected and observed where one failed."""
    from lab_engine.course.told import points, reasons

    lines = []
    for v in verdicts:
        lines.append(f"{STANDINGS[v.outcome.value]:<8} {v.task} ({points(v.points)})")
        lines += [
            f"    {WORDS[part]:<10}{said}" if WORDS[part] else f"    {said}"
            for part, said in reasons(v)
        ]
    return lines
