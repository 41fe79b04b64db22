"""How the lesson's screen is laid out, and what resizing and moving do to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual import events
from textual.widgets import Static

from lab_engine.errors import (
    WouldTake,
)
from lab_engine.tui.document.options import Option
from lab_engine.tui.document.pane import TextPane
from lab_engine.tui.document.question import QuestionCard
from lab_engine.tui.document.task import TaskCard
from lab_engine.tui.panes.picture import PicturePane
from lab_engine.tui.panes.shell import ShellPane
from lab_engine.tui.panes.strip import TaskStrip
from lab_engine.tui.screens.dialogs import Choice
from lab_engine.tui.screens.home import HomeScreen
from lab_engine.tui.screens.lesson import LessonScreen
from tests.kit import Kit
from tests.tui.hands import do_the_task, screen_of, terminal
from tests.tui.standin import World

Start = Callable[..., Any]


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((160, 50), {"text", "shell", "strip", "picture"}),
        ((120, 40), {"text", "shell", "strip"}),
        ((80, 24), {"text", "strip"}),
    ],
)
async def test_the_layout_adapts(start: Start, size: tuple[int, int], shown: set[str]) -> None:
    async with start("bridges", size=size) as running:
        await running.ready()

        def visible() -> set[str]:
            panes = ("text", "shell", "strip", "picture")
            return {n for n in panes if running.app.screen.query_one(f"#{n}").size.width}

        assert visible() == shown
        await running.press("f5")
        assert "picture" in visible()
        await running.press("f6")
        assert visible() == {"picture", "strip"}
        await running.press("f6", "f5", "f2")
        assert visible() == shown


async def test_the_picture_stays_while_one_types(start: Start) -> None:
    async with start("bridges", size=(120, 40)) as running:
        await running.ready()
        await running.until(lambda: "$" in screen_of(running), "a prompt")
        picture = running.app.screen.query_one(PicturePane)
        await running.press("f5", "f3", *"echo a")
        assert picture.size.width
        assert terminal(running).has_focus
        await running.press("f5", "f5")
        assert not picture.size.width


async def test_the_open_task_is_at_hand(start: Start, world: World) -> None:
    """F4 goes to its card; what the strip says is of the task that the learner is at."""
    async with start("bridges", size=(80, 24)) as running:
        await running.ready()
        strip = running.app.screen.query_one(TaskStrip)
        assert strip.at == "create"
        await running.press("f3", "f4")
        assert running.app.focused is running.app.screen.query_one(TaskCard)
        height = running.app.screen.query_one(ShellPane).size.height
        await do_the_task(running, world)
        assert strip.at == ""
        assert "The questions are in the text" in running.screen_text()
        card = running.app.screen.query_one(QuestionCard)
        card.query(Option).first().focus()
        await running.press("enter")
        await running.until(lambda: running.desk.page.done, "the step")
        await running.until(lambda: "F8 goes on to “Only text”." in running.screen_text(), "where")
        assert strip.has_class("-done")
        assert running.app.screen.query_one(ShellPane).size.height == height


async def test_resizing_loses_nothing(start: Start, world: World) -> None:
    async with start("bridges", size=(160, 50)) as running:
        await running.ready()
        await running.until(lambda: "$" in screen_of(running), "a prompt")
        await running.press("f9", "f3", *"echo kept", "enter")
        await running.until(lambda: "\nkept" in screen_of(running), "the echo")
        process = terminal(running)._process
        for size in ((80, 24), (120, 40), (160, 50)):
            await running.pilot.resize_terminal(*size)
            await running.pilot.pause()
        assert terminal(running)._process is process
        assert "kept" in screen_of(running)
        assert len(running.app.screen.query("TaskCard .hint")) == 1


async def test_a_key_right_after_the_one_for_a_pane_goes_there(start: Start) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: "$" in screen_of(running), "a prompt")
        await running.press("f3")
        assert terminal(running).has_focus
        # As a busy machine reads them: both at once.
        for key, character in (("f5", None), ("w", "w")):
            running.app.post_message(events.Key(key, character))
        picture = running.app.screen.query_one(PicturePane)
        await running.until(lambda: picture.in_words, "the picture in words")


async def test_the_menu_lists_everything(start: Start, world: World) -> None:
    world.networks["mine"] = "bridge"
    world.containers["web"] = "mine"
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: running.desk.page.picture.places, "the picture")
        titles = [one.title for one in running.app.get_system_commands(running.app.screen)]
        for wanted in ("Check now", "Reset the step", "Shell in container web", "Step 2 Only text"):
            assert wanted in titles
        assert "Lesson 07.6 Bridges" in titles
        await running.press("f10")
        assert "Search" in running.screen_text()


async def test_the_borders_move(start: Start) -> None:
    async with start("bridges", size=(160, 50)) as running:
        await running.ready()
        text, shell = (running.app.screen.query_one(f"#{name}") for name in ("text", "shell"))
        width, height = text.size.width, shell.size.height
        await running.press("ctrl+right", "ctrl+right", "ctrl+up")
        assert text.size.width > width
        assert shell.size.height < height


async def test_a_change_of_step_says_what_goes_and_waits_for_the_word(
    start: Start, world: World
) -> None:
    async with start("bridges") as running:
        await running.ready()
        entered = world.log.count("enter one")
        for button in ("#stay", "#go"):
            world.at_stake = WouldTake(("container/mine",), (), "Your files stay.")
            running.desk.go("one")
            await running.until(lambda: isinstance(running.app.screen, Choice), "the question")
            question = running.app.screen.query_one(".question", Static)
            assert "container/mine" in str(question.content)
            assert world.log.count("enter one") == entered
            await running.pilot.click(button)
            await running.until(lambda: not isinstance(running.app.screen, Choice), "the answer")
            await running.ready()
        await running.until(lambda: world.log.count("enter one") == entered + 1, "the step")


async def test_the_reading_place_is_a_paragraph(start: Start, kit: Kit) -> None:
    """Kept over another size, over zoom, and over leaving and coming back."""
    more = "\n".join(
        f"Paragraph {n}. " + "And so it goes on and on. " * 8 + "\n" for n in range(30)
    )
    kit.change("content/07.6-bridges/10-one.md", "Why it is so.\n", f"Why it is so.\n\n{more}")
    async with start("bridges", size=(160, 50)) as running:
        await running.ready()
        text = running.app.screen.query_one(TextPane)
        child = next(c for c in text.children if "Paragraph 17." in str(getattr(c, "content", "")))
        text.scroll_to(y=child.virtual_region.y, animate=False, force=True)
        await running.still()

        def first() -> str:
            text = running.app.screen.query_one(TextPane)
            top = round(text.scroll_y)
            at = next(c for c in text.children if c.virtual_region.bottom > top)
            return str(getattr(at, "content", ""))[:13]

        assert first() == "Paragraph 17."
        for size in ((80, 24), (120, 40), (160, 50)):
            await running.pilot.resize_terminal(*size)
            await running.still()
            assert first() == "Paragraph 17.", size
        await running.press("f6")
        await running.still()
        assert first() == "Paragraph 17."
        await running.press("f6", "escape")
        await running.until(lambda: isinstance(running.app.screen, HomeScreen), "the course")
        await running.press("enter")
        await running.until(lambda: isinstance(running.app.screen, LessonScreen), "the lesson")
        await running.still()
        assert first() == "Paragraph 17."
