"""While a step is made ready: what is shown, what is asked first, and how it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Button

from lab_engine import doctor
from lab_engine.errors import (
    KernelLacks,
    PacksMissing,
)
from lab_engine.packs import ahead
from lab_engine.settings import Settings
from lab_engine.tui.phase import Phase
from lab_engine.tui.screens.dialogs import Choice
from lab_engine.tui.screens.home import HomeScreen
from lab_engine.tui.screens.lesson import LessonScreen
from tests.kit import Kit
from tests.tui.conftest import NEEDS_VLANS
from tests.tui.standin import World

Start = Callable[..., Any]


async def test_provisioning_shows_each_action_and_can_be_stopped(
    start: Start, world: World
) -> None:
    world.gate.clear()
    async with start("bridges") as running:
        await running.until(lambda: "image/busybox" in running.desk.work.progress.rows, "a row")
        await running.until(lambda: "make image busybox" in running.screen_text(), "its row")
        assert "is not there" in running.screen_text()
        assert "Why it is so." in running.screen_text()
        await running.press("ctrl+c")
        await running.until(lambda: running.desk.work.phase is Phase.STOPPED, "the end")
        assert "What had been begun is undone" in running.screen_text()
        world.gate.set()
        running.app.screen.query_one("#retry", Button).press()
        await running.ready()


async def test_provisioning_outlives_its_screen(start: Start, world: World) -> None:
    world.gate.clear()
    async with start("bridges") as running:
        await running.until(lambda: "image/busybox" in running.desk.work.progress.rows, "a row")
        await running.press("escape")
        assert isinstance(running.app.screen, HomeScreen)
        world.gate.set()
        await running.ready()
        await running.press("enter")
        await running.until(lambda: isinstance(running.app.screen, LessonScreen), "the lesson")
        assert world.log.count("begin") == 1
        assert "● ready" in running.screen_text()


async def test_a_big_system_is_built_once_the_learner_agrees(start: Start, world: World) -> None:
    world.packs_missing = PacksMissing(("kubernetes",), "290 MB, about 12 minutes")
    async with start("bridges", size=(80, 24)) as running:
        await running.until(lambda: running.desk.work.phase is Phase.FAILED, "the question")
        await running.until(lambda: "about 12 minutes" in running.screen_text(), "the cost")
        text = running.screen_text()
        assert "the pack kubernetes" in text
        assert "That did not work" not in text
        assert "begin" not in world.log
        await running.until(lambda: running.app.focused is not None, "a focus")
        assert "Build it" in text
        # Nothing to go on from yet; the offer stays.
        for key in ("f8", "f8"):
            await running.press(key)
        if isinstance(running.app.screen, Choice):
            await running.press("tab", "enter")
        await running.until(lambda: isinstance(running.app.screen, LessonScreen), "the lesson")
        assert "no lesson is open" not in running.screen_text()
        assert "Build it" in running.screen_text()
        await running.press("f3")
        await running.press("enter")
        await running.ready()
        assert "begin" in world.log


async def test_a_step_that_needs_another_kernel_says_what_to_type(
    start: Start, world: World, kit: Kit
) -> None:
    kit.change("content/07.6-bridges/10-one.md", "minutes = 5", NEEDS_VLANS)
    way = "Take it in a virtual machine: `infralab machine create`."
    world.kernel_lacks = KernelLacks("step one needs VLANs (802.1Q), and there are none", hint=way)
    async with start("bridges", size=(80, 24)) as running:
        await running.until(lambda: running.desk.work.phase is Phase.FAILED, "the refusal")
        await running.until(lambda: "infralab machine create" in running.screen_text(), "a way")
        text = running.screen_text()
        assert "This step needs another kernel." in text
        assert "needs another kernel: " in text
        assert "That did not work" not in text
        assert "begin" not in world.log
        # As when somebody has loaded it meanwhile.
        world.kernel_lacks = None
        await running.until(lambda: running.app.focused is not None, "a focus")
        await running.press("f3")
        await running.press("enter")
        await running.ready()
        assert "begin" in world.log


async def test_what_a_machine_lacks_for_a_big_system_is_said_before(
    start: Start, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(names: tuple[str, ...]) -> list[doctor.Finding]:
        found = f"{names[0]} wants 9.0 GiB of memory"
        return [doctor.Finding("Pack", doctor.State.LIMITED, found, "", "Buy some more.")]

    monkeypatch.setattr(doctor, "lacking", lacking)
    world.packs_missing = PacksMissing(("kubernetes",), "290 MB, about 12 minutes")
    async with start("bridges", size=(80, 24)) as running:
        await running.until(lambda: "Buy some more." in running.screen_text(), "what it lacks")
        assert "kubernetes wants 9.0 GiB of memory" in running.screen_text()
        assert "begin" not in world.log


@pytest.mark.parametrize("agrees", [True, False])
async def test_a_later_lessons_system_is_offered_when_a_step_is_ready(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, agrees: bool
) -> None:
    begun: list[ahead.Offer] = []

    def prepare(offer: ahead.Offer, _: Settings) -> Path:
        begun.append(offer)
        return tmp_path / "ahead.log"

    offer = ahead.Offer("Clusters", ("kubernetes",), "290 MB, about 12 minutes")
    monkeypatch.setattr(ahead, "find", lambda lesson, settings: offer)
    monkeypatch.setattr(ahead, "prepare", prepare)
    async with start("bridges", size=(80, 24)) as running:
        await running.until(lambda: isinstance(running.app.screen, Choice), "the question")
        assert "“Clusters” needs the pack kubernetes" in running.screen_text()
        await running.press(*(["right"] if agrees else []), "enter")
        await running.until(lambda: not isinstance(running.app.screen, Choice), "the lesson")
        if agrees:
            await running.until(lambda: bool(begun), "the build")
    assert begun == ([offer] if agrees else [])
