"""The borders between the panes, dragged with the mouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.geometry import Region

from lab_engine.tui.panes.shell import ShellPane
from lab_engine.tui.panes.splitter import Panes
from tests.tui.conftest import Running

Start = Callable[..., Any]
WIDE, MIDDLE, NARROW = (160, 50), (120, 40), (80, 24)


def region(running: Running, pane: str) -> Region:
    return running.app.screen.query_one(f"#{pane}").region


async def drag(running: Running, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Press at one place of the screen, move in steps, let go at another."""
    pilot = running.pilot
    await pilot.mouse_down(offset=start)
    for n in range(1, 5):
        x, y = (a + (b - a) * n // 4 for a, b in zip(start, end, strict=True))
        await pilot.hover(offset=(x, y))
    await pilot.mouse_up(offset=end)
    await pilot.pause()


@pytest.mark.parametrize(("size", "by"), [(WIDE, -17), (MIDDLE, 21)])
async def test_the_borders_follow_the_mouse(start: Start, size: tuple[int, int], by: int) -> None:
    async with start("bridges", size=size) as running:
        await running.ready()
        text = region(running, "text")
        x, y = text.right - 1, text.y + 7
        await drag(running, (x, y), (x + by, y))
        moved = region(running, "text")
        assert (moved.width, moved.height) == (text.width + by, text.height)
        assert region(running, "shell").x == moved.right
        assert running.app.mouse_captured is None
        assert not running.app.screen.selections

        if size == WIDE:
            picture, strip = region(running, "picture"), region(running, "strip")
            await drag(running, (picture.x + 9, picture.y), (picture.x + 9, picture.y - 6))
            moved = region(running, "picture")
            assert (moved.width, moved.height) == (picture.width, picture.height + 6)
            assert region(running, "shell").bottom == moved.y - strip.height
        text = region(running, "text")
        await drag(running, (text.right, 9), (0, 9))
        assert region(running, "text").width == size[0] // 5, "a pane cannot be dragged away"


async def test_the_size_is_kept_as_with_keys_and_through_other_layouts(start: Start) -> None:
    async with start("bridges", size=MIDDLE) as running:
        await running.ready()
        text = region(running, "text")
        await drag(running, (text.right - 1, 9), (text.right + 11, 9))
        await running.press("ctrl+right")
        assert region(running, "text").width == text.width + 12 + 6
        await running.press("f6", "f6")
        assert region(running, "text").width == text.width + 18
        await running.pilot.resize_terminal(*NARROW)
        await running.pilot.resize_terminal(*MIDDLE)
        await running.until(lambda: region(running, "text").width == text.width + 18, "the size")


async def test_only_a_border_is_marked_and_dragged(start: Start) -> None:
    async with start("bridges", size=MIDDLE) as running:
        await running.ready()
        text, panes = region(running, "text"), running.app.screen.query_one(Panes)
        await running.pilot.hover(offset=(text.right - 1, 9))
        assert panes.has_class("-over-columns")
        assert running.app.screen.query_one("#text").styles.pointer == "ew-resize"
        shell = running.app.screen.query_one(ShellPane).content_region
        await running.pilot.hover(offset=(shell.x + 5, shell.y + 5))
        assert not panes.has_class("-over-columns")
        for at in ((text.x, 9), (text.x + 9, text.y), (text.x + 9, text.y + 3)):
            await drag(running, at, (at[0] + 20, at[1]))
            assert region(running, "text") == text
        await running.press("f6")
        zoomed = region(running, "text")
        await drag(running, (zoomed.right - 1, 9), (40, 9))
        assert region(running, "text") == zoomed
