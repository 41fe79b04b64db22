"""The instructor's application over a class that was made without any bench."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from lab_engine import settings as settings_module
from lab_engine.grading.insight import room as rooms
from lab_engine.grading.insight.room import Room
from lab_engine.settings import Settings
from lab_engine.tui.instructor.app import InstructorApp, View
from tests.grading import taught
from tests.tui.conftest import STILL


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times of day are the same on every machine."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(settings_module.load({"HOME": str(tmp_path)}), data_dir=tmp_path / "data")


@pytest.fixture
def room(tmp_path: Path) -> Room:
    taught.a_class(tmp_path)
    return rooms.enter(tmp_path / "net-27")


class Shown:
    """An application under test with its pilot."""

    def __init__(self, app: InstructorApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> Any:
        return self.app.screen

    @property
    def text(self) -> str:
        """What is on the screen, line by line."""
        lines = self.app.screen._compositor.render_strips()
        width = self.app.size.width
        return "\n".join(strip.text[:width].rstrip() for strip in lines)

    async def until(self, true: Callable[[], object], what: str = "", limit: float = 20) -> None:
        """Wait for a state, not for a time."""
        end = asyncio.get_running_loop().time() + limit
        while not true():
            assert asyncio.get_running_loop().time() < end, f"never came: {what}\n{self.text}"
            await asyncio.sleep(0.01)
        await self.pilot.pause()

    async def see(self, *wanted: str) -> None:
        await self.until(lambda: all(one in self.text for one in wanted), str(wanted))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def on(self, kind: type[Screen[Any]]) -> None:
        """Wait until a screen of that kind is in front, and has read what it shows."""
        await self.until(
            lambda: isinstance(self.screen, kind) and getattr(self.screen, "read_once", True),
            kind.__name__,
        )

    async def picture(self) -> str:
        """The screen once drawing changes nothing more."""
        same, before = 0, ""
        while same < STILL:
            await self.pilot.pause()
            same, before = (same + 1 if self.text == before else 0), self.text
        return f"\n{before}\n"


@pytest.fixture
def start(room: Room, settings: Settings) -> Callable[..., object]:
    """`async with start(size=..., author=..., learner=...) as shown`."""

    @asynccontextmanager
    async def run(
        size: tuple[int, int] = (120, 36), author: str = "", **view: Any
    ) -> AsyncIterator[Shown]:
        app = InstructorApp(settings, room, View(**view), author=author)
        app.animation_level = "none"
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Shown(app, pilot)

    return run
