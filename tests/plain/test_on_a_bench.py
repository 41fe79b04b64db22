"""The plain walk on a real bench: what is told when, and what counts."""

from __future__ import annotations

import asyncio
import time

import pytest

from lab_engine.plain.walk import Walk
from lab_engine.session.lookout import POLL_SECONDS
from lab_engine.session.session import Session
from tests.session.conftest import Begin

pytestmark = [pytest.mark.bench, pytest.mark.slow]

STEP = "ipc"


def standing(session: Session) -> list[tuple[bool, bool]]:
    return [(task.passed, task.given) for task in session.record.tasks(session.id)]


async def test_a_solution_is_shown_as_it_runs_and_an_event_is_told_while_nobody_types(
    begin: Begin,
) -> None:
    session = await begin(lesson="namespaces")
    said: list[str] = []
    took = 0.0

    async def lines() -> list[str]:
        """What happens while the second line is waited for is told before it comes."""
        nonlocal took
        await asyncio.sleep(POLL_SECONDS / 5)
        assert standing(session) == [(True, True)]
        began = time.monotonic()
        solution = session.lab_step().solutions[1]
        ran = await session.script(list(solution.script(session.variables)))
        assert ran.exit_code == 0, ran.output
        while not any("Task 1 is now done" in line for line in said[said.index("> reset") :]):
            assert time.monotonic() - began < POLL_SECONDS * 2, said
            await asyncio.sleep(0.02)
        took = time.monotonic() - began
        return ["> quit"]

    typed = ["> solution 1", "> reset"]

    async def read() -> str | None:
        if not typed:
            typed.extend(await lines())
        said.append(typed.pop(0))
        return said[-1].removeprefix("> ")

    await Walk(session, read=read, say=said.append, on_notice=lambda _: None, tty=False).run(STEP)
    text = "\n".join(said[said.index("> solution 1") : said.index("> reset")])
    assert "\n$ sudo unshare --ipc" in text
    assert "\n> for try in" in text
    assert "\nTask 1 is now done: 2 points.\n" in text
    assert text.endswith("What it did counts as given, not earned.")
    assert "Task 1 is no longer done. `check` says why." in said[said.index("> reset") :]
    assert took < POLL_SECONDS / 2
    assert standing(session) == [(True, False)]
