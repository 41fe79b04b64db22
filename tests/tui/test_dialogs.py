"""Dialogs on the smallest screen: however much they say, their buttons are in sight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.app import App
from textual.screen import ModalScreen
from textual.widgets import Button

from lab_engine.course.lab import Solution
from lab_engine.tui.screens.dialog_box import DialogBox
from lab_engine.tui.screens.dialogs import Choice
from lab_engine.tui.screens.solution import SolutionScreen

MUCH = "so much that nobody reads it " * 60
BUTTONS = {"stay": "Stay here", "go": "Go there"}


def solutions(lines: int) -> SolutionScreen:
    script = [f"docker network create number-{line}" for line in range(lines)]
    return SolutionScreen([Solution(f"way {n}", lambda _: script) for n in range(3)], None)


@pytest.mark.parametrize(
    ("make", "scrolls"),
    [
        (lambda: Choice("Go there?", "Little is lost.", BUTTONS), False),
        (lambda: Choice("Go there?", MUCH, BUTTONS), True),
        (lambda: solutions(1), False),
        (lambda: solutions(12), True),
    ],
)
async def test_buttons_are_in_sight(make: Callable[[], ModalScreen[Any]], scrolls: bool) -> None:
    app = App[None]()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(make())
        await pilot.pause()
        box = app.screen.query_one(DialogBox)
        assert (box.max_scroll_y > 0) is scrolls
        last = list(app.screen.query(Button))[-1]
        assert box.region.contains_region(last.region)
        assert app.screen.region.contains_region(box.region)
        # The safe one has the focus, and the arrow goes to the others, each in sight then.
        assert app.focused is not None
        assert app.focused.id in ("stay", "close")
        for _ in app.screen.query(Button):
            await pilot.press("down")
            assert isinstance(app.focused, Button)
            assert box.region.contains_region(app.focused.region)


async def test_a_long_dialog_turns_its_pages() -> None:
    app = App[None]()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(Choice("Go there?", MUCH, BUTTONS))
        await pilot.press("pagedown")
        await pilot.pause(0.5)
        assert app.screen.query_one(DialogBox).scroll_offset.y > 0
