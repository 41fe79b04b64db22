"""The class on the screen: sorted, filtered, searched, and what is said when it cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.widgets import Input

from lab_engine.grading.gradebook.book import Gradebook, Word
from lab_engine.grading.insight.room import Room
from lab_engine.tui.instructor.class_screen import ClassScreen
from lab_engine.tui.instructor.help_screen import HelpScreen
from lab_engine.tui.instructor.learner_screen import LearnerScreen
from tests.tui.instructor.conftest import Shown

Start = Callable[..., Any]


def who(shown: Shown) -> list[str]:
    """The learners in the table, from top to bottom."""
    table = shown.screen.table
    return [str(table.get_row_at(n)[1]) for n in range(table.row_count)]


async def test_everybody_is_there_with_state_and_points(start: Start) -> None:
    async with start(size=(160, 40)) as shown:
        await shown.on(ClassScreen)
        assert len(who(shown)) == 12
        assert "12 learners" in shown.text
        for words in ("20 / 20", "not replayable", "nothing handed in", "late", "See me about"):
            assert words in shown.text
        await shown.press("down", "down")
        assert "odd: bridges: its seed is that of ada" in shown.text


async def test_filter_sort_and_all_again(start: Start) -> None:
    async with start() as shown:
        await shown.on(ClassScreen)
        await shown.press("f")
        assert who(shown) == ["cyd", "dan"]
        assert "only to look at" in shown.text
        assert "2 of 12" in shown.text
        await shown.press("F", "s", "s", "s")
        assert who(shown)[:4] == ["ada", "ida", "joe", "gus"]
        await shown.press("S")
        assert who(shown)[-1] == "joe"
        await shown.press("escape")
        assert who(shown)[:3] == ["ada", "bob", "cyd"]


async def test_search_goes_to_the_list_with_enter(start: Start) -> None:
    async with start() as shown:
        await shown.on(ClassScreen)
        await shown.press("slash", *"over")
        assert who(shown) == ["gus"]
        await shown.press("enter", "enter")
        await shown.on(LearnerScreen)
        await shown.press("escape")
        assert who(shown) == ["gus"]
        await shown.press("escape")
        assert len(who(shown)) == 12
        assert shown.screen.query_one(Input).value == ""
        await shown.press("slash", *"zz zz")
        assert who(shown) == []


async def test_the_cursor_stays_at_its_learner(start: Start) -> None:
    async with start() as shown:
        await shown.on(ClassScreen)
        await shown.press("down", "down", "down", "s", "s", "s")
        assert who(shown)[shown.screen.table.cursor_row] == "dan"


async def test_a_message_of_a_line_that_is_gone_is_of_no_matter(start: Start) -> None:
    async with start() as shown:
        await shown.on(ClassScreen)
        screen = shown.screen
        # What the table says of its new line comes later than the list that has no such line.
        screen.table.move_cursor(row=5)
        screen.found = screen.found[:2]
        screen.show()
        await shown.pilot.pause()
        assert who(shown) == ["ada", "bob"]


async def test_what_was_written_meanwhile_is_read_again(start: Start, room: Room) -> None:
    async with start() as shown:
        await shown.on(ClassScreen)
        with Gradebook.writing(room.classroom.gradebook) as book:
            book.say(Word("eve", "week-3", "override", 7.0, "Shown to me.", "prof", 1.8e9))
        await shown.press("r")
        await shown.see("7 / 20")


async def test_no_gradebook_then_one(start: Start, room: Room) -> None:
    path = room.classroom.gradebook
    kept = path.rename(path.with_suffix(".kept"))
    async with start(size=(80, 24)) as shown:
        await shown.see("there is no gradebook", "`infralab grade` makes it", "r reads again")
        await shown.press("enter", "f", "s", "slash", "escape")
        kept.rename(path)
        await shown.press("r")
        await shown.on(ClassScreen)
        assert len(who(shown)) == 12


async def test_a_gradebook_that_is_damaged_while_it_is_shown(start: Start, room: Room) -> None:
    async with start() as shown:
        await shown.on(ClassScreen)
        for path in room.classroom.folder.glob("gradebook.sqlite*"):
            path.write_bytes(b"something else that is long enough to be no database at all" * 9)
        await shown.press("r")
        await shown.until(
            lambda: any("cannot be opened" in one.title for one in shown.app._notifications), "why"
        )
        # What was read stays on the screen.
        assert len(who(shown)) == 12


async def test_names_are_shown_as_they_are(start: Start, room: Room) -> None:
    with Gradebook.writing(room.classroom.gradebook) as book:
        text = "[red]see[/red] \x1b]0;title\x07 [link=x]me[/]"
        book.say(Word("ada", "week-3", "comment", None, text, "prof", 1.8e9))
    async with start(size=(160, 40)) as shown:
        await shown.on(ClassScreen)
        assert shown.text.count("[red]see[/red]  [link=x]me[/]") >= 1
        assert "title" not in shown.text


async def test_keys_and_leaving(start: Start) -> None:
    async with start() as shown:
        await shown.on(ClassScreen)
        await shown.press("question_mark")
        assert isinstance(shown.screen, HelpScreen)
        await shown.press("escape", "q")
        await shown.until(lambda: not shown.app.is_running, "the end")
        assert shown.app.return_value == 0
