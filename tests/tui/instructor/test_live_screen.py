"""Who is at work: looked at again and again, with engines that do not answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab_engine.common import digest
from lab_engine.course.lesson import load_course
from lab_engine.grading.insight.room import Room
from lab_engine.session import present
from lab_engine.session.present import Engine, Presence
from lab_engine.settings import Settings
from lab_engine.tui.instructor import live_screen
from lab_engine.tui.instructor.app import InstructorApp
from lab_engine.tui.instructor.live_screen import LiveScreen
from tests.kit import Kit
from tests.session.test_whereabouts import where
from tests.tui.instructor.conftest import Shown

Start = Callable[..., Any]


@pytest.fixture
def engines(room: Room, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Engine]:
    """What engines say, which a test may change."""
    seed = digest.of_bytes(room.classroom.seed("week-3", "ada").encode())
    now = 1_800_000_000.0
    long_ago = {"entered": now - 1800, "progressed": now - 1200}
    made = [
        Engine("", (
            Presence("", "aa11", "x@desk-1", "running", now - 1900,
                     where(seed=seed, passed=1, **long_ago)),
            Presence("", "bb22", "bob@desk-2", "running", now - 90,
                     where(progressed=now - 60, entered=now - 60, step="one", number=1)),
            Presence("", "cc33", "cyd@desk-3", "exited", now - 90, None),
        ), 2),
        Engine("tcp://10.0.0.7:2375", trouble="no Docker engine answers. Start it."),
    ]  # fmt: skip
    monkeypatch.setattr(present, "look", lambda *_: list(made))
    monkeypatch.setattr("time.time", lambda: now)
    course = load_course(Kit(tmp_path / "course", "live_course").content, labs="live_course")
    monkeypatch.setattr(live_screen, "load_course", lambda: course)
    return made


async def test_who_stands_still_and_for_how_long(start: Start, engines: list[Engine]) -> None:
    async with start() as shown:
        await shown.until(lambda: shown.screen.read_once, "the class")
        await shown.press("l")
        await shown.on(LiveScreen)
        for words in ("Ada Lovelace (ada)", "2/3 two", "20 min", "1 stand still", "3 benches",
                      "bob@desk-2", "tcp://10.0.0.7:2375", "no answer", "not known"):  # fmt: skip
            assert words in shown.text
        await shown.see("expected  a network")
        await shown.press("down", "down", "down")
        await shown.see("engine tcp://10.0.0.7:2375: no", "Start it.")
        # Fewer are there the next time it looks: the cursor has another place then.
        del engines[1]
        await shown.press("r")
        await shown.until(lambda: "10.0.0.7" not in shown.text, "one engine")
        await shown.press("escape")
        assert not isinstance(shown.screen, LiveScreen)


async def test_it_looks_again_by_itself(
    start: Start, engines: list[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_screen, "EVERY", 0.05)
    async with start(live=True) as shown:
        await shown.on(LiveScreen)
        engines.clear()
        await shown.see("0 benches")


async def test_without_a_class(settings: Settings, engines: list[Engine]) -> None:
    app = InstructorApp(settings, None)
    async with app.run_test(size=(80, 24)) as pilot:
        shown = Shown(app, pilot)
        await shown.on(LiveScreen)
        await shown.see("x@desk-1")
        await shown.press("escape")
        await shown.until(lambda: not app.is_running, "the end")
