"""What goes wrong behind the lesson's screen, and sessions that are taken up: said, and mended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.widgets import Button

from lab_engine.errors import (
    AgentLost,
    DockerUnavailable,
    LeaseTaken,
    ProviderError,
)
from lab_engine.protocol import LeaseNotice
from lab_engine.session.record import Record
from lab_engine.tui import comeback
from lab_engine.tui.panes.preparing import Preparing
from lab_engine.tui.phase import Phase
from lab_engine.tui.screens.dialogs import Choice
from tests.tui.hands import bridge, do_the_task
from tests.tui.standin import World

Start = Callable[..., Any]


async def test_a_failure_says_what_why_and_what_now(start: Start, world: World) -> None:
    world.fails.append(ProviderError("no space left", resource="image/busybox", hint="Make room."))
    async with start("bridges", size=(80, 24)) as running:
        await running.until(lambda: running.desk.work.phase is Phase.FAILED, "the failure")
        await running.until(lambda: "no space left" in running.screen_text(), "why")
        text = running.screen_text()
        assert "Undone again: image/busybox" in text
        assert "What to do now: Make room." in text
        await running.until(lambda: running.app.focused is not None, "a focus")
        assert running.app.focused.id == "retry"
        await running.press("enter")
        await running.ready()


async def test_an_agent_that_stays_away_is_repaired(start: Start, world: World) -> None:
    async with start("bridges") as running:
        await running.ready()
        world.fails += [AgentLost("gone"), AgentLost("still gone")]
        world.event()
        await running.until(lambda: running.desk.work.phase is Phase.FAILED, "the failure")
        assert running.app.screen.query_one(Preparing).has_class("-repairable")
        running.app.screen.query_one("#repair", Button).press()
        await running.ready()
        assert "repair" in world.log


async def test_a_bench_that_stopped_is_come_back_to_once_the_engine_answers(
    start: Start, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comeback, "ASK_EVERY", 0.01)
    async with start("bridges") as running:
        await running.ready()
        world.fails += [AgentLost("gone"), DockerUnavailable("no engine")]
        world.bench += [DockerUnavailable("no engine"), DockerUnavailable("none"), "exited"]
        world.event()
        await running.until(lambda: "repair" in world.log, "the bench, without a key")
        await running.until(lambda: running.desk.ready, "the step")
        await running.until(lambda: "Meanwhile" in running.screen_text(), "word of it")
        assert not running.desk.work.trouble
        # So soon again, it would go on for ever.
        world.fails += [AgentLost("gone"), AgentLost("still gone")]
        world.bench += ["exited"]
        world.event()
        await running.until(lambda: running.desk.work.phase is Phase.FAILED, "the failure")
        assert world.log.count("repair") == 1


async def test_an_engine_that_stays_away_is_not_waited_for_for_ever(
    start: Start, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comeback, "ENGINE_SECONDS", 0.0)
    async with start("bridges") as running:
        await running.ready()
        world.fails += [AgentLost("gone"), DockerUnavailable("no engine")]
        world.bench += [DockerUnavailable("no engine answers")] * 9
        world.event()
        await running.until(lambda: running.desk.work.phase is Phase.FAILED, "the failure")
        assert "no engine answers" in running.screen_text()
        assert "repair" not in world.log


async def test_a_bench_that_stops_before_the_first_step_is_had_again(
    start: Start, world: World
) -> None:
    world.fails += [AgentLost("gone"), AgentLost("still gone")]
    async with start("bridges", size=(80, 24)) as running:
        await running.until(lambda: running.desk.work.phase is Phase.FAILED, "the failure")
        await running.until(lambda: "is started again" in running.screen_text(), "what to do")
        await running.until(lambda: running.app.focused is not None, "a focus")
        assert running.app.focused.id == "retry"
        await running.press("enter")
        await running.ready()
        works = [entry for entry in world.log if entry in ("enter one", "repair")]
        assert works == ["enter one", "enter one", "repair", "enter one"]


async def test_another_client_is_told_and_can_take_over(
    start: Start, world: World, record: Record
) -> None:
    record.begin("old", "bridges", "seed")
    record.enter("old", "one", {})
    world.resume_fails.append(LeaseTaken("ann works in this session"))
    async with start("bridges") as running:
        await running.until(lambda: running.desk.work.phase is Phase.FAILED, "the refusal")
        await running.until(lambda: "ann works" in running.screen_text(), "who")
        running.app.screen.query_one("#take", Button).press()
        await running.until(lambda: running.desk.ready, "the take-over")
        running.desk.session.on_event(LeaseNotice("bob"))
        await running.until(lambda: "bob" in running.screen_text(), "who took it back")
        running.app.screen.query_one("#look", Button).press()
        await running.until(lambda: running.desk.ready and running.desk.looking_on, "looking on")
        assert "only looking on" in running.screen_text()


async def test_a_step_of_questions_is_taken_up(start: Start, record: Record) -> None:
    async with start("bridges") as running:
        await running.ready()
        session = running.desk.session.id
    record.answer(session, "two", "q", "a", correct=True)
    async with start("bridges") as running:
        await running.until(lambda: running.desk.ready, "the lesson again")
        assert running.desk.page.step.name == "two"


async def test_a_step_is_taken_up_where_it_was(start: Start, world: World, record: Record) -> None:
    async with start("bridges") as running:
        await running.ready()
        name = bridge(running)
        await running.press("f9")
    assert world.log[-1] == "close"
    async with start("bridges") as running:
        desk = running.desk
        await running.until(lambda: desk.ready and desk.page.verdicts, "the step again")
        assert world.log.count("begin") == 1
        assert "resume" in world.log
        assert bridge(running) == name
        assert len(running.app.screen.query("TaskCard .hint")) == 1
        world.networks[name] = "overlay"
        world.event()
        await running.until(lambda: running.desk.page.touched("create"), "the start is still known")


async def test_what_was_done_before_is_not_told_again(start: Start, world: World) -> None:
    async with start("bridges") as running:
        await running.ready()
        await do_the_task(running, world)
        assert "✔ Task 1 is done." in running.screen_text()
    async with start("bridges") as running:
        await running.until(lambda: running.desk.ready and running.desk.page.verdicts, "the step")
        await running.still()
        assert running.desk.page.passed("create")
        assert "is done." not in running.screen_text()


async def test_reset_asks_first(start: Start, world: World) -> None:
    async with start("bridges") as running:
        await running.ready()
        await do_the_task(running, world)
        await running.press("shift+f8")
        assert isinstance(running.app.screen, Choice)
        running.app.screen.query_one("#reset", Button).press()
        await running.until(lambda: "reset" in world.log and running.desk.ready, "the reset")
        await running.until(lambda: not running.desk.page.passed("create"), "the task open again")
