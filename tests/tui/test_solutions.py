"""A solution that is typed in front of the learner, and how it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from textual.widgets import Button

from lab_engine.session.record import Record
from lab_engine.tui.document.blocks import CodeBlock
from lab_engine.tui.panes.shell import ShellPane
from lab_engine.tui.screens.dialogs import Choice
from lab_engine.tui.screens.home import HomeScreen
from lab_engine.tui.screens.lesson import LessonScreen
from lab_engine.tui.screens.solution import SolutionScreen
from tests.tui.conftest import Running
from tests.tui.hands import screen_of, terminal, typed
from tests.tui.standin import World

Start = Callable[..., Any]


async def test_the_solution_counts_as_given(start: Start, world: World, record: Record) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.press("shift+f9")
        assert isinstance(running.app.screen, SolutionScreen)
        assert "docker network create my_bridge" in running.screen_text()
        running.app.screen.query_one("#do-0", Button).press()
        await running.until(lambda: "$ docker network create my_" in running.screen_text())
        world.networks[running.desk.page.variables.bridge] = "bridge"
        world.event()
        await running.until(lambda: running.desk.page.passed("create"), "the given task")
        await running.until(lambda: not running.desk.typing, "the end of the typing")
        await running.until(lambda: "done, given" in running.screen_text(), "the word given")
        assert [(s.passed, s.given) for s in record.tasks(running.desk.session.id)] == [
            (True, True)
        ]


async def demonstrated(running: Running) -> None:
    """Have the solution typed, until it has begun."""
    await running.ready()
    await running.press("shift+f9")
    running.app.screen.query_one("#do-0", Button).press()
    await running.until(lambda: running.desk.typing, "the typing")


async def test_the_solution_is_stopped_by_a_key_and_other_keys_wait(
    start: Start, world: World, record: Record
) -> None:
    world.endless = True
    async with start("bridges") as running:
        await demonstrated(running)
        await running.until(lambda: "$ docker network c" in running.screen_text(), "keys")
        await running.press("f8", "Q", "escape")
        await running.until(lambda: not running.desk.typing, "the end of the typing")
        await running.until(lambda: "What was typed stays." in running.screen_text())
        assert "Wait until the solution is typed" in running.screen_text()
        assert running.desk.page.step.name == "one"
        assert not any(state.passed for state in record.tasks(running.desk.session.id))
        await running.press("Z")
        await running.until(lambda: "Z" in typed(running), "the learner's own key")
        assert "Q" not in typed(running)
        assert world.log[-1] == "typing ends"


async def test_escape_stops_the_typing_from_the_text_too_and_leaves_only_then(
    start: Start, world: World
) -> None:
    world.endless = True
    async with start("bridges") as running:
        await demonstrated(running)
        await running.until(lambda: "typing begins" in world.log, "the first key")
        await running.press("f2", "escape")
        await running.until(lambda: not running.desk.typing, "the end of the typing")
        assert isinstance(running.app.screen, LessonScreen)
        await running.press("escape")
        await running.until(lambda: isinstance(running.app.screen, HomeScreen), "the course")


async def test_what_is_typed_while_reading_goes_to_the_shell_and_costs_nothing(
    start: Start,
) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: terminal(running).running, "the shell")
        await running.press("f2")
        # Each of these letters once stood for an action, one of them at a price.
        await running.press(*"echo", "space", *"chnbsrp")
        await running.until(lambda: "echo chnbsrp" in screen_of(running), "the command")
        assert running.app.screen.focused is terminal(running)
        assert not running.desk.page.hints
        assert running.desk.page.step.name == "one"


@pytest.mark.parametrize("what", ["a command", "a block"])
async def test_what_comes_before_the_shell_was_ever_seen_waits_for_it(
    start: Start, what: str
) -> None:
    # One pane at a time: a shell that was never seen has no size, and has mostly not begun.
    async with start("bridges", size=(80, 24)) as running:
        await running.ready()
        if what == "a command":
            await running.press(*"echo", "space", *"seven")
        else:
            block = running.app.screen.query(CodeBlock).filter(".-typed").first()
            block.focus()
            await running.press("enter")
        first = "echo seven" if what == "a command" else block.text.splitlines()[0]
        await running.until(lambda: first in screen_of(running), "what was typed")
        assert running.app.screen.focused is terminal(running)
        # And keys after it, in their order.
        await running.press(*"-x")
        await running.until(lambda: "-x" in screen_of(running), "what was typed next")


async def test_a_solution_goes_to_another_shell_when_a_program_runs_in_the_first(
    start: Start, world: World
) -> None:
    world.busy = ("bench",)
    async with start("bridges") as running:
        await demonstrated(running)
        shell = running.app.screen.query_one(ShellPane)
        await running.until(lambda: shell.target == "solution", "the other shell")
        await running.until(lambda: "`vim` runs in your shell" in running.screen_text())
        await running.until(lambda: "docker network create" in running.screen_text())


async def test_a_shell_that_has_no_place_yet_is_waited_for_before_it_is_typed_into(
    start: Start,
) -> None:
    async with start("bridges") as running:
        await running.ready()
        shell = running.app.screen.query_one(ShellPane)
        await running.press("f2", "f6")
        taking = asyncio.create_task(shell.take("solution"))
        await running.until(lambda: shell.target == "solution", "the other shell")
        await running.still()
        assert not taking.done()
        shell.to_front()
        await taking
        shell.type("echo typ''ed\r")
        await running.until(lambda: "typed" in screen_of(running), "the echo")


async def test_a_solution_that_fails_says_whose_fault_it_is(
    start: Start, world: World, record: Record
) -> None:
    world.code = 1
    async with start("bridges") as running:
        await demonstrated(running)
        await running.until(lambda: isinstance(running.app.screen, Choice), "the message")
        assert "line 1 of 1 ended with exit code 1" in running.app.screen.question
        assert "fault of the lesson" in running.app.screen.more
        assert not any(state.passed for state in record.tasks(running.desk.session.id))
        assert not running.desk.typing


async def test_no_shell_is_touched_when_all_are_in_use(start: Start, world: World) -> None:
    world.busy = ("bench", "solution")
    async with start("bridges") as running:
        await demonstrated(running)
        await running.until(lambda: isinstance(running.app.screen, Choice), "the message")
        assert "no shell here waits for a command" in running.app.screen.question
        assert "typing begins" not in world.log
