"""One learner: tasks, odd things, files; comments and overrides are asked for and written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.widgets import Input

from lab_engine.grading.gradebook.book import Gradebook
from lab_engine.grading.insight.room import Room
from lab_engine.tui.instructor.class_screen import ClassScreen
from lab_engine.tui.instructor.learner_screen import LearnerScreen
from lab_engine.tui.instructor.say_screen import SayScreen
from tests.tui.instructor.conftest import Shown

Start = Callable[..., Any]


async def opened(shown: Shown) -> None:
    """The learner is there, with the files that were handed in."""
    await shown.on(LearnerScreen)
    await shown.until(lambda: shown.screen.files or shown.screen.lacking[:2] != "it", "the files")


async def test_each_task_with_expected_and_found(start: Start) -> None:
    async with start(learner="hal", size=(160, 40)) as shown:
        await opened(shown)
        assert "See me about names." in shown.text
        assert "2 files new or changed" in shown.text
        await shown.press("down", "down")
        for words in (
            "bridges/one/run", "expected  a container web in the network br_41",
            "found  the container web is in the network bridge",
            "docker network inspect br_41", "You left out --network",
        ):  # fmt: skip
            assert words in shown.text
        await shown.press("down", "down")
        assert "<h1>web</h1>" in shown.text


async def test_what_is_odd_is_said(start: Start) -> None:
    async with start(learner="cyd") as shown:
        await opened(shown)
        text = " ".join(shown.text.split())
        assert "odd: bridges: its seed is that of ada" in text
        assert "diverged at step 1" in text


async def test_the_next_learner_and_the_one_before(start: Start) -> None:
    async with start() as shown:
        await shown.until(lambda: shown.screen.read_once, "the class")
        await shown.press("enter")
        await opened(shown)
        await shown.press("b")
        assert "That was the first one." in shown.text
        await shown.press("n")
        await shown.see("Bob Kahn", "late: 12 h")
        await shown.press("n", "b")
        await shown.see("Bob Kahn")


async def test_a_file_that_is_not_there_any_more(start: Start, room: Room) -> None:
    (room.folders[0] / "hal.zip").unlink()
    async with start(learner="hal", size=(160, 40)) as shown:
        await opened(shown)
        assert "hal.zip, is not there" in shown.text
        await shown.press("p")
        await shown.see("There is nothing to replay")
        assert isinstance(shown.screen, LearnerScreen)


async def test_nothing_handed_in(start: Start) -> None:
    async with start(learner="eve") as shown:
        await shown.on(LearnerScreen)
        assert "nothing handed in" in shown.text
        await shown.press("p", "down", "enter", "escape")


async def test_an_override_is_asked_for_and_written(start: Start, room: Room) -> None:
    async with start(learner="ada") as shown:
        await opened(shown)
        await shown.press("o")
        assert isinstance(shown.screen, SayScreen)
        await shown.press(*"nine", "enter", *"Shown to me.", "enter", "ctrl+s")
        await shown.see("'nine' is no number of points")
        shown.screen.query_one("#points", Input).value = "999"
        await shown.press("ctrl+s")
        await shown.see("999 points are not between 0 and 200")
        shown.screen.query_one("#points", Input).value = "9,5"
        shown.screen.query_one("#author", Input).value = "prof"
        await shown.press("ctrl+s")
        await shown.see("9.5 / 20", "overridden", "prof set 9.5 points: Shown to me.")
        # Who says so is asked once.
        await shown.press("c")
        assert not shown.screen.query("#author")
        await shown.press(*"Well done.", "enter")
        await shown.see("prof: Well done.")
        await shown.press("o", "enter", *"A slip.", "enter")
        await shown.see("20 / 20", "prof lifted the override: A slip.")
        await shown.press("escape")
        await shown.on(ClassScreen)
        await shown.see("“Well done.”")
    with Gradebook.reading(room.classroom.gradebook) as book:
        said = [(one.kind, one.points, one.author) for one in book.words("week-3", "ada")]
    assert said == [
        ("override", 9.5, "prof"),
        ("comment", None, "prof"),
        ("override", None, "prof"),
    ]


async def test_nothing_is_written_without_words_or_while_another_writes(
    start: Start, room: Room
) -> None:
    async with start(learner="ada", author="prof") as shown:
        await opened(shown)
        await shown.press("c", "enter")
        await shown.see("It needs words")
        await shown.press(*"Good.")
        with Gradebook.writing(room.classroom.gradebook):
            await shown.press("enter")
            await shown.see("another infralab writes into")
        await shown.press("escape")
        assert isinstance(shown.screen, LearnerScreen)
    with Gradebook.reading(room.classroom.gradebook) as book:
        assert book.words("week-3", "ada") == []


async def test_keys_that_come_while_another_learner_is_read(start: Start) -> None:
    async with start() as shown:
        await shown.until(lambda: shown.screen.read_once, "the class")
        await shown.press("enter")
        await opened(shown)
        for _ in range(11):
            shown.screen.action_other(1)
            await shown.pilot.press("down", "down", "enter", "p", "c", "escape", "up", "tab")
            if not isinstance(shown.screen, LearnerScreen):
                await shown.press("escape")
        await shown.until(lambda: isinstance(shown.screen, LearnerScreen), "one of them")
        await opened(shown)
