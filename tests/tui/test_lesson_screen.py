"""The lesson's screen: what is shown, and what each key does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.widgets import Button, Static

from lab_engine.session import points as scoring
from lab_engine.session.record import Record
from lab_engine.tui.document.blocks import CodeBlock
from lab_engine.tui.document.options import Option
from lab_engine.tui.document.question import QuestionCard
from lab_engine.tui.document.task import Evidence, TaskCard
from lab_engine.tui.panes.picture import PicturePane
from lab_engine.tui.screens.dialogs import Choice
from lab_engine.tui.screens.help import HelpScreen
from lab_engine.tui.screens.hint import HintScreen
from lab_engine.tui.screens.lesson import LessonScreen
from lab_engine.tui.screens.lesson_end import LessonEnd
from lab_engine.tui.screens.solution import SolutionScreen
from tests.tui.hands import bridge, do_the_task, front, screen_of, terminal
from tests.tui.standin import World

Start = Callable[..., Any]


async def test_a_task_turns_green_while_the_learner_works(start: Start, world: World) -> None:
    async with start("bridges") as running:
        await running.ready()
        assert "─ Task 1 of 1 ○ to do ─" in running.screen_text()
        await do_the_task(running, world)
        text = running.screen_text()
        assert "✔ Task 1 is done." in text
        assert "✔ Task 1: done" in text
        assert "1/1 tasks" in text


async def test_a_wrong_attempt_opens_to_its_reason(start: Start, world: World) -> None:
    async with start("bridges") as running:
        await running.ready()
        assert not running.app.screen.query(Evidence)
        world.networks[bridge(running)] = "macvlan"
        world.event()
        await running.until(lambda: running.app.screen.query(Evidence), "the reason")
        text = running.screen_text()
        assert "─ Task 1 of 1 ✘ not yet ─" in text
        assert "Found: macvlan" in text
        assert "Expected  bridge" in text
        assert "Found     macvlan" in text
        assert "Perhaps   x" in text
        running.app.screen.query_one(TaskCard).focus()
        await running.press("enter")
        assert not running.app.screen.query(Evidence)


async def test_the_shell_is_real_and_takes_every_key(start: Start) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: terminal(running).running, "a shell")
        await running.press("f3")
        assert terminal(running).has_focus
        await running.press(*"echo n-b-c-q", "enter")
        await running.until(lambda: "\nn-b-c-q" in screen_of(running), "the echo")
        assert isinstance(running.app.screen, LessonScreen)


async def test_another_shell_is_a_tab(start: Start) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: "$" in screen_of(running), "a prompt")
        await running.press("f3", *"echo first", "enter")
        first = terminal(running)
        await running.press("f11")
        await running.until(
            lambda: (pane := front(running)) not in (None, first) and pane.running, "another shell"
        )
        assert terminal(running).has_focus
        assert "bench-2" in running.screen_text()
        await running.until(lambda: "$" in screen_of(running), "its prompt")
        await running.press(*"echo second", "enter")
        await running.until(lambda: "\nsecond" in screen_of(running), "the echo")
        await running.press("f3")
        await running.until(lambda: front(running) is first, "the first shell")
        assert "second" not in screen_of(running)
        await running.press("f3", *"exit", "enter")
        await running.until(lambda: front(running) is first, "the end of the other one")
        assert terminal(running).has_focus
        await running.press("f11")
        await running.until(lambda: "bench-2" in running.screen_text(), "its name is free again")


async def test_a_block_of_commands_goes_to_the_shell_without_enter(start: Start) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: "$" in screen_of(running), "a prompt")
        running.app.screen.query_one("#text").query_one(CodeBlock).focus()
        await running.press("enter")
        await running.until(lambda: "docker network ls" in screen_of(running), "the command")
        assert terminal(running).has_focus
        assert screen_of(running).rstrip().endswith("docker network ls")


async def test_hints_come_one_after_another(start: Start, record: Record) -> None:
    async with start("bridges") as running:
        await running.ready()
        for n in (1, 2, 3, 3):
            await running.press("f9")
            assert len(running.app.screen.query("TaskCard .hint")) == n
        assert record.hints(running.desk.session.id, "one", "create") == 3


async def test_a_hint_from_the_shell_asks_first_and_leaves_it_alone(
    start: Start, record: Record
) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: "$" in screen_of(running), "a prompt")
        await running.press("f3", *"echo half")
        await running.press("f9")
        screen = running.app.screen
        assert isinstance(screen, HintScreen)
        price = f"costs {scoring.shown(scoring.cost(2, 0))} of its 2 points"
        await running.until(lambda: price in running.screen_text(), "the price")
        assert record.hints(running.desk.session.id, "one", "create") == 0
        await running.press("escape")
        assert record.hints(running.desk.session.id, "one", "create") == 0
        await running.press("f9")
        running.app.screen.query_one("#show", Button).press()
        await running.until(
            lambda: record.hints(running.desk.session.id, "one", "create") == 1, "the hint"
        )
        await running.until(lambda: running.app.screen.query("HintScreen Blocks"), "its text")
        await running.press("enter")
        assert terminal(running).has_focus
        await running.press(*"-typed")
        await running.until(lambda: "echo half-typed" in screen_of(running), "the line as it was")
        assert len(running.app.screen.query("TaskCard .hint")) == 1


@pytest.mark.parametrize(
    ("key", "screen"), [("f1", HelpScreen), ("shift+f9", SolutionScreen), ("f20", Choice)]
)
async def test_keys_that_work_in_the_shell_too(start: Start, key: str, screen: type) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: "$" in screen_of(running), "a prompt")
        await running.press("f3", key)
        await running.until(lambda: isinstance(running.app.screen, screen), key)
        await running.press("escape")
        await running.until(lambda: terminal(running).has_focus, "the shell")


async def test_the_end_of_a_lesson_sums_it_up(start: Start, world: World) -> None:
    async with start("bridges", step="two") as running:
        await running.until(lambda: running.desk.ready, "the step")
        await running.press("f8")
        await running.until(lambda: isinstance(running.app.screen, LessonEnd), "the end")
        text = running.screen_text()
        assert "“Bridges”: 0 of 2 points" in text
        assert "○ 1. One  0 of 2 points  still open" in text
        assert "Still open: “One”." in text
        running.app.screen.query_one("#again", Button).press()
        await running.until(lambda: running.desk.page.step.name == "one", "the step to read again")
        await running.ready()
        await running.press("f9")
        await do_the_task(running, world)
        await running.until(lambda: running.desk.page.points == "1.6/2", "the points")
        assert "1.6/2 pts" in running.screen_text()


async def test_what_is_marked_in_a_block_is_copied_not_sent(start: Start) -> None:
    async with start("bridges", size=(160, 50)) as running:
        await running.ready()
        await running.until(lambda: "$" in screen_of(running), "a prompt")
        block = running.app.screen.query_one("#text").query_one(CodeBlock)
        pilot = running.pilot
        x, y = block.content_region.x, block.content_region.y
        await pilot.mouse_down(offset=(x, y))
        await pilot.hover(offset=(x + 6, y))
        await pilot.mouse_up(offset=(x + 6, y))
        await running.until(lambda: running.app.clipboard, "the copy")
        assert running.app.clipboard in "docker network ls"
        assert "docker" not in screen_of(running)


async def test_a_question_is_graded_at_once(start: Start, record: Record) -> None:
    async with start("bridges") as running:
        await running.ready()
        card = running.app.screen.query_one(QuestionCard)
        card.query(Option).first().focus()
        await running.press("down", "enter")
        await running.until(lambda: card.has_class("-wrong"), "a wrong answer")
        assert "spans hosts" in str(card.query_one(".said", Static).content)
        await running.press("up", "enter")
        await running.until(lambda: card.has_class("-right"), "a right answer")
        assert record.answered(running.desk.session.id, "one") == {"driver": True}


async def test_next_asks_while_something_is_open(start: Start, world: World) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.press("f8")
        assert isinstance(running.app.screen, Choice)
        assert "task 1 and question 1" in running.app.screen.question
        await running.press("escape")
        assert running.desk.page.step.name == "one"
        await do_the_task(running, world)
        await running.desk.answer("driver", "1")
        await running.press("f8")
        await running.until(lambda: running.desk.page.step.name == "two", "the next step")
        assert "Read this." in running.screen_text()
        await running.press("ctrl+p")
        await running.press(*"Step before", "enter")
        await running.until(lambda: running.desk.page.step.name == "one" and running.desk.ready)


async def test_the_picture_changes_with_the_bench(start: Start, world: World) -> None:
    async with start("bridges", size=(160, 50)) as running:
        await running.ready()
        pane = running.app.screen.query_one(PicturePane)
        world.networks["mine"] = "bridge"
        world.containers["web"] = "mine"
        world.event()
        await running.until(lambda: "● web ✱" in running.screen_text(), "the container")
        assert "172.18.0.2" in running.screen_text()
        await running.press("f5", "right", "w")
        assert pane.in_words
        assert "Container web, running" in running.screen_text()
