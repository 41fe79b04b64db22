"""What is seen of a learner's shell from its recording, on a PTY of this machine."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.inside.at_prompt import Follower
from tests.recording.test_recorder import Desk, desk

__all__ = ["desk"]

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the recorder changes users, as root")


@pytest.fixture
def shell(desk: Desk) -> Iterator[Follower]:
    recorder = desk.screen.process.pid
    (child,) = Path(f"/proc/{recorder}/task/{recorder}/children").read_text().split()
    (cast,) = (desk.folder / "recordings").glob("*.cast")
    made = Follower(recorder, int(child), cast)
    made.look()
    yield made
    made.close()


async def wait(shell: Follower, prompts: int, limit: float = 5.0) -> bool:
    return await asyncio.to_thread(
        shell.wait, prompt=True, busy=False, prompts=prompts, limit=limit, tail=""
    )


async def test_a_prompt_waits_until_something_is_typed(desk: Desk, shell: Follower) -> None:
    assert shell.waits()
    assert not shell.idle
    await desk.screen.type("echo half")
    await desk.screen.see("half")
    shell.look()
    assert shell.at_prompt()
    assert not shell.waits()
    # A new size has the shell print its prompt again, with the half-typed line after it.
    desk.screen.resize(20, 70)
    await desk.screen.quiet()
    shell.look()
    assert not shell.waits()
    shell.listen()
    await desk.screen.type("\x03")
    assert await wait(shell, 1)
    assert shell.waits()
    assert shell.codes() == [130]


async def test_each_line_is_followed_to_its_end(desk: Desk, shell: Follower) -> None:
    for typed, prompts, codes in (
        ("sleep 0.4; false\r", 1, [1]),
        ("for x in 1 2; do\r", 0, []),
        ("sleep 0.2\r", 0, []),
        ("done\r", 1, [0]),
    ):
        shell.listen()
        await desk.screen.type(typed)
        began = time.monotonic()
        assert await wait(shell, prompts)
        assert shell.codes() == codes
    assert time.monotonic() - began > 0.3


async def test_a_program_in_the_terminal_is_named(desk: Desk, shell: Follower) -> None:
    shell.listen()
    await desk.screen.type("sleep 77\r")
    assert not await wait(shell, 1, limit=0.6)
    assert not shell.waits()
    assert not shell.at_prompt()
    assert shell.runs == "sleep"
    await desk.screen.type("\x03")
    assert await wait(shell, 1)


async def test_what_comes_while_a_command_runs_is_in_the_next_line(
    desk: Desk, shell: Follower
) -> None:
    shell.listen()
    await desk.screen.type("sleep 0.5\r")
    # As a terminal answers the question where its cursor is.
    await desk.screen.type("\x1b[3;7R")
    assert await wait(shell, 1)
    assert shell.codes() == [0]
    assert not shell.waits()
    shell.listen()
    await desk.screen.type("\x03")
    assert await wait(shell, 1)
    assert shell.waits()


async def test_the_end_of_the_shell_is_seen(desk: Desk, shell: Follower) -> None:
    shell.listen()
    await desk.end()
    assert await wait(shell, 1)
    assert not shell.alive
    assert shell.codes() == []
