"""The instructor's screens as pictures, small and large. `--snapshot-update` takes them anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lab_engine.session.present import Engine
from lab_engine.tui.app import THEMES
from lab_engine.tui.instructor.class_screen import ClassScreen
from lab_engine.tui.instructor.help_screen import HelpScreen
from lab_engine.tui.instructor.learner_screen import LearnerScreen
from lab_engine.tui.instructor.live_screen import LiveScreen
from lab_engine.tui.instructor.say_screen import SayScreen
from lab_engine.tui.instructor.task_screens import TaskScreen, TasksScreen
from tests.tui.instructor.test_learner_screen import opened
from tests.tui.instructor.test_live_screen import engines
from tests.tui.instructor.test_replay_screen import at_verdict, paused, there
from tests.tui.test_snapshots import FRAMES, LEGIBLE, _contrast

__all__ = ["engines"]

Start = Callable[..., Any]
SIZES = [(80, 24), (160, 50)]
NAMES = [f"{width}x{height}" for width, height in SIZES]
sizes = pytest.mark.parametrize("size", SIZES, ids=NAMES)


@sizes
async def test_the_class(start: Start, size: tuple[int, int], snapshot: Any) -> None:
    async with start(size=size) as shown:
        await shown.on(ClassScreen)
        await shown.press("down", "down")
        assert await shown.picture() == snapshot


@sizes
async def test_a_learner(start: Start, size: tuple[int, int], snapshot: Any) -> None:
    async with start(size=size, learner="hal") as shown:
        await opened(shown)
        await shown.press("down", "down")
        assert await shown.picture() == snapshot


@sizes
async def test_the_question_for_points(
    start: Start, size: tuple[int, int], snapshot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "prof")
    async with start(size=size, learner="hal") as shown:
        await opened(shown)
        await shown.press("o")
        await shown.on(SayScreen)
        assert await shown.picture() == snapshot


@sizes
async def test_the_tasks(start: Start, size: tuple[int, int], snapshot: Any) -> None:
    async with start(size=size, tasks=True) as shown:
        await shown.on(TasksScreen)
        await shown.press("down")
        assert await shown.picture() == snapshot


@sizes
async def test_a_task(start: Start, size: tuple[int, int], snapshot: Any) -> None:
    async with start(size=size, task="run") as shown:
        await shown.on(TaskScreen)
        assert await shown.picture() == snapshot


@sizes
async def test_a_replay(start: Start, size: tuple[int, int], snapshot: Any) -> None:
    async with start(size=size, learner="ada", replay=True) as shown:
        await paused(shown)
        await shown.press("v", "v")
        await there(shown, at_verdict(1))
        assert await shown.picture() == snapshot


@sizes
async def test_who_is_at_work(
    start: Start, engines: list[Engine], size: tuple[int, int], snapshot: Any
) -> None:
    async with start(size=size, live=True) as shown:
        await shown.on(LiveScreen)
        assert await shown.picture() == snapshot


@sizes
async def test_the_keys(start: Start, size: tuple[int, int], snapshot: Any) -> None:
    async with start(size=size) as shown:
        await shown.on(ClassScreen)
        await shown.press("question_mark")
        await shown.on(HelpScreen)
        assert await shown.picture() == snapshot


async def test_the_colours_of_every_theme(start: Start) -> None:
    """What is written can be told from what it is written on."""
    async with start(size=(160, 50)) as shown:
        await shown.on(ClassScreen)
        await shown.press("enter")
        await shown.on(LearnerScreen)
        for theme in THEMES:
            if theme.startswith("ansi"):
                continue  # the terminal's own colours
            shown.app.theme = theme
            await shown.press("escape")
            await shown.picture()
            poor = _poor(shown)
            await shown.press("enter")
            await opened(shown)
            await shown.picture()
            assert not poor | _poor(shown), theme


def _poor(shown: Any) -> set[tuple[str, str]]:
    return {
        (text, str(style))
        for strip in shown.screen._compositor.render_strips()
        for text, style, _ in strip
        if style and style.color and style.bgcolor and text.strip(FRAMES)
        if _contrast(style) < LEGIBLE
    }
