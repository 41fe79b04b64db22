"""A small course, a session without a bench, and an app that is waited for without sleeping."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot

from lab_engine import settings as settings_module
from lab_engine.course.lesson import load_course
from lab_engine.session.record import Record
from lab_engine.settings import Settings
from lab_engine.tui.app import LearnApp, Wanted
from lab_engine.tui.desk import Desk
from lab_engine.tui.screens.home import HomeScreen
from tests.kit import Kit
from tests.tui.standin import StandIn, World

QUESTION = """
:::: question driver kind=choice
Which driver does it have?
- [x] bridge | It is a switch.
- [ ] overlay | That one spans hosts.
::::
"""
SECOND = '+++\ntitle = "Only text"\nsyllabus = []\nminutes = 2\n+++\nRead this.\n'
NEEDS_VLANS = 'minutes = 5\nneeds_kernel = ["8021q"]'
STILL = 3
"""Pauses with nothing new on the screen. One thing that is done may queue another."""
LOCAL_SHELL = ["bash", "--norc", "--noprofile"]


@pytest.fixture(scope="session", autouse=True)
def parsed_once() -> Iterator[None]:
    """Styles are parsed for the first app and not for each: their text and colours are the same."""
    kept: dict[tuple[Hashable, ...], list[RuleSet]] = {}
    parse = Stylesheet._parse_rules

    def parsed(self: Stylesheet, css: str, **about: Any) -> list[RuleSet]:
        key = (css, *about.items(), *self._variables.items())
        if key not in kept:
            kept[key] = parse(self, css, **about)
        return kept[key]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Stylesheet, "_parse_rules", parsed)
        yield


@pytest.fixture
def kit(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Kit]:
    """A course of one lesson with two steps, in a package of its own."""
    package = f"screens_{abs(hash(request.node.nodeid))}"
    monkeypatch.syspath_prepend(tmp_path)
    made = Kit(tmp_path, package)
    path = "content/07.6-bridges/10-one.md"
    made.write(path, (tmp_path / path).read_text() + QUESTION)
    made.write("content/07.6-bridges/20-two.md", SECOND)
    yield made
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    ahead = {"INFRALAB_BENCH_AHEAD": "off"}
    loaded = settings_module.load({"HOME": str(tmp_path), **ahead})
    return replace(loaded, data_dir=tmp_path / "data")


@pytest.fixture
def record(settings: Settings) -> Iterator[Record]:
    made = Record(settings.data_dir / "progress.sqlite")
    yield made
    made.close()


@pytest.fixture
async def world(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> World:
    """The bench in memory; sessions are stand-ins, shells run here."""
    made = World()
    monkeypatch.setattr(StandIn, "world", made, raising=False)
    monkeypatch.setattr("lab_engine.session.session.Session", StandIn)
    monkeypatch.setattr(Desk, "shell", lambda *_, **__: LOCAL_SHELL)
    monkeypatch.setattr(
        "lab_engine.tui.overview.load_course", lambda: load_course(kit.content, labs=kit.package)
    )
    monkeypatch.setenv("PS1", "$ ")
    # A busy machine may take longer to look than a reader does.
    monkeypatch.setattr("lab_engine.tui.panes.strip.NEWS_SECONDS", 600.0)
    # What is typed into a shell here must not reach the machine's own engine.
    monkeypatch.setenv("BASH_FUNC_docker%%", "() { :; }")
    return made


class Running:
    """An app under test with its pilot."""

    def __init__(self, app: LearnApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def desk(self) -> Any:
        return self.app.desk

    async def until(self, true: Callable[[], object], what: str = "", limit: float = 20) -> None:
        """Wait for a state, not for a time."""
        end = asyncio.get_running_loop().time() + limit
        while not true():
            assert asyncio.get_running_loop().time() < end, f"never came: {what or true}"
            await asyncio.sleep(0.01)
        await self.pilot.pause()

    async def ready(self) -> None:
        await self.until(lambda: self.desk.ready and self.desk.page.verdicts, "a ready step")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def still(self) -> None:
        """Wait until drawing changes nothing more.

        `Pilot.pause` takes a process that does nothing for an idle one; on a busy machine it only
        waits for its turn. What is queued has been done after each pause, whoever is busy.
        """
        same, before = 0, ""
        while same < STILL:
            await self.pilot.pause()
            now = self.screen_text()
            same, before = (same + 1 if now == before else 0), now

    def screen_text(self) -> str:
        """What is on the screen, line by line."""
        width = self.app.size.width
        lines = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text[:width].rstrip() for strip in lines)


def shown(app: LearnApp) -> object:
    """What the course's screen shows, whether or not it is in front."""
    return next(s.overview for s in app.screen_stack if isinstance(s, HomeScreen))


@pytest.fixture
def start(world: World, record: Record, settings: Settings) -> Callable[..., object]:
    """`async with start(size=..., lesson=...) as running`."""

    @asynccontextmanager
    async def run(
        lesson: str | None = None, size: tuple[int, int] = (120, 40), **wanted: object
    ) -> AsyncIterator[Running]:
        app = LearnApp(settings, lambda: record, Wanted(lesson, **wanted))  # type: ignore[arg-type]
        app.animation_level = "none"
        async with app.run_test(size=size, notifications=True) as pilot:
            running = Running(app, pilot)
            # Read is not yet shown: what is pressed meanwhile would go to an empty screen.
            await running.until(lambda: app.overview and shown(app) is app.overview, "the course")
            if lesson is None:
                await running.still()
            yield running
            await app.desk.close()

    return run
