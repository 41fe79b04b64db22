"""The lesson's screen: what is shown, and what each key does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.widgets import Button, Static

from lab_engine import doctor
from lab_engine.errors import (
    AgentLost,
    DockerUnavailable,
    KernelLacks,
    LeaseTaken,
    PacksMissing,
    ProviderError,
    WouldTake,
)
from lab_engine.packs import ahead
from lab_engine.protocol import LeaseNotice
from lab_engine.session import points as scoring
from lab_engine.session.record import Record
from lab_engine.settings import Settings
from lab_engine.tui import comeback
from lab_engine.tui.document.blocks import CodeBlock
from lab_engine.tui.document.options import Option
from lab_engine.tui.document.pane import TextPane
from lab_engine.tui.document.question import QuestionCard
from lab_engine.tui.document.task import Evidence, TaskCard
from lab_engine.tui.panes.picture import PicturePane
from lab_engine.tui.panes.preparing import Preparing
from lab_engine.tui.panes.shell import ShellPane
from lab_engine.tui.panes.strip import TaskStrip
from lab_engine.tui.phase import Phase
from lab_engine.tui.screens.dialogs import Choice
from lab_engine.tui.screens.help import HelpScreen
from lab_engine.tui.screens.hint import HintScreen
from lab_engine.tui.screens.home import HomeScreen
from lab_engine.tui.screens.lesson import LessonScreen
from lab_engine.tui.screens.lesson_end import LessonEnd
from lab_engine.tui.screens.solution import SolutionScreen
from lab_engine.tui.terminal.pane import TerminalPane
from tests.kit import Kit
from tests.tui.conftest import NEEDS_VLANS, Running
from tests.tui.standin import World

Start = Callable[..., Any]


def bridge(running: Running) -> str:
    variables = running.desk.page.variables
    assert variables is not None
    return str(variables.bridge)


def terminal(running: Running) -> TerminalPane:
    pane = running.app.screen.query_one(ShellPane).pane
    assert pane is not None
    return pane


async def do_the_task(running: Running, world: World) -> None:
    world.networks[bridge(running)] = "bridge"
    world.event()
    await running.until(lambda: running.desk.page.passed("create"), "a green task")


async def test_a_task_turns_green_while_the_learner_works(start: Start, world: World) -> None:
    async with start("bridges") as running:
        await running.ready()
        assert "─ Task 1 of 1 ○ to do ─" in running.screen_text()
        await do_the_task(running, world)
        text = running.screen_text()
        assert "✔ Task 1 is done." in text
        assert "✔ Task 1: done" in text
        assert "1/1 tasks" in text


async def test_a_wrong_attempt_opens_to_its_reason(start: Start, world: World) -> None:
    async with start("bridges") as running:
        await running.ready()
        assert not running.app.screen.query(Evidence)
        world.networks[bridge(running)] = "macvlan"
        world.event()
        await running.until(lambda: running.app.screen.query(Evidence), "the reason")
        text = running.screen_text()
        assert "─ Task 1 of 1 ✘ not yet ─" in text
        assert "Found: macvlan" in text
        assert "Expected  bridge" in text
        assert "Found     macvlan" in text
        assert "Perhaps   x" in text
        running.app.screen.query_one(TaskCard).focus()
        await running.press("enter")
        assert not running.app.screen.query(Evidence)


async def test_the_shell_is_real_and_takes_every_key(start: Start) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: terminal(running).running, "a shell")
        await running.press("f3")
        assert terminal(running).has_focus
        await running.press(*"echo n-b-c-q", "enter")
        await running.until(lambda: "\nn-b-c-q" in _screen(running), "the echo")
        assert isinstance(running.app.screen, LessonScreen)


def _screen(running: Running) -> str:
    emulator = terminal(running).emulator
    return emulator.text() if emulator else ""


async def test_another_shell_is_a_tab(start: Start) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: "$" in _screen(running), "a prompt")
        await running.press("f3", *"echo first", "enter")
        first = terminal(running)
        await running.press("f11")
        await running.until(lambda: terminal(running) is not first and terminal(running).running)
        assert terminal(running).has_focus
        assert "bench-2" in running.screen_text()
        await running.until(lambda: "$" in _screen(running), "its prompt")
        await running.press(*"echo second", "enter")
        await running.until(lambda: "\nsecond" in _screen(running), "the echo")
        await running.press("f3")
        await running.until(lambda: terminal(running) is first, "the first shell")
        assert "second" not in _screen(running)
        await running.press("f3", *"exit", "enter")
        await running.until(lambda: terminal(running) is first, "the end of the other one")
        assert terminal(running).has_focus
        await running.press("f11")
        await running.until(lambda: "bench-2" in running.screen_text(), "its name is free again")


async def test_a_block_of_commands_goes_to_the_shell_without_enter(start: Start) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: "$" in _screen(running), "a prompt")
        running.app.screen.query_one("#text").query_one(CodeBlock).focus()
        await running.press("enter")
        await running.until(lambda: "docker network ls" in _screen(running), "the command")
        assert terminal(running).has_focus
        assert _screen(running).rstrip().endswith("docker network ls")


async def test_hints_come_one_after_another(start: Start, record: Record) -> None:
    async with start("bridges") as running:
        await running.ready()
        for n in (1, 2, 3, 3):
            await running.press("f9")
            assert len(running.app.screen.query("TaskCard .hint")) == n
        assert record.hints(running.desk.session.id, "one", "create") == 3


async def test_a_hint_from_the_shell_asks_first_and_leaves_it_alone(
    start: Start, record: Record
) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: "$" in _screen(running), "a prompt")
        await running.press("f3", *"echo half")
        await running.press("f9")
        screen = running.app.screen
        assert isinstance(screen, HintScreen)
        price = f"costs {scoring.shown(scoring.cost(2, 0))} of its 2 points"
        await running.until(lambda: price in running.screen_text(), "the price")
        assert record.hints(running.desk.session.id, "one", "create") == 0
        await running.press("escape")
        assert record.hints(running.desk.session.id, "one", "create") == 0
        await running.press("f9")
        running.app.screen.query_one("#show", Button).press()
        await running.until(
            lambda: record.hints(running.desk.session.id, "one", "create") == 1, "the hint"
        )
        await running.until(lambda: running.app.screen.query("HintScreen Blocks"), "its text")
        await running.press("enter")
        assert terminal(running).has_focus
        await running.press(*"-typed")
        await running.until(lambda: "echo half-typed" in _screen(running), "the line as it was")
        assert len(running.app.screen.query("TaskCard .hint")) == 1


@pytest.mark.parametrize(
    ("key", "screen"), [("f1", HelpScreen), ("shift+f9", SolutionScreen), ("f20", Choice)]
)
async def test_keys_that_work_in_the_shell_too(start: Start, key: str, screen: type) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: "$" in _screen(running), "a prompt")
        await running.press("f3", key)
        await running.until(lambda: isinstance(running.app.screen, screen), key)
        await running.press("escape")
        await running.until(lambda: terminal(running).has_focus, "the shell")


async def test_the_end_of_a_lesson_sums_it_up(start: Start, world: World) -> None:
    async with start("bridges", step="two") as running:
        await running.until(lambda: running.desk.ready, "the step")
        await running.press("f8")
        await running.until(lambda: isinstance(running.app.screen, LessonEnd), "the end")
        text = running.screen_text()
        assert "“Bridges”: 0 of 2 points" in text
        assert "○ 1. One  0 of 2 points  still open" in text
        assert "Still open: “One”." in text
        running.app.screen.query_one("#again", Button).press()
        await running.until(lambda: running.desk.page.step.name == "one", "the step to read again")
        await running.ready()
        await running.press("f9")
        await do_the_task(running, world)
        await running.until(lambda: running.desk.page.points == "1.6/2", "the points")
        assert "1.6/2 pts" in running.screen_text()


async def test_what_is_marked_in_a_block_is_copied_not_sent(start: Start) -> None:
    async with start("bridges", size=(160, 50)) as running:
        await running.ready()
        await running.until(lambda: "$" in _screen(running), "a prompt")
        block = running.app.screen.query_one("#text").query_one(CodeBlock)
        pilot = running.pilot
        x, y = block.content_region.x, block.content_region.y
        await pilot.mouse_down(offset=(x, y))
        await pilot.hover(offset=(x + 6, y))
        await pilot.mouse_up(offset=(x + 6, y))
        await running.until(lambda: running.app.clipboard, "the copy")
        assert running.app.clipboard in "docker network ls"
        assert "docker" not in _screen(running)


async def test_a_question_is_graded_at_once(start: Start, record: Record) -> None:
    async with start("bridges") as running:
        await running.ready()
        card = running.app.screen.query_one(QuestionCard)
        card.query(Option).first().focus()
        await running.press("down", "enter")
        await running.until(lambda: card.has_class("-wrong"), "a wrong answer")
        assert "spans hosts" in str(card.query_one(".said", Static).content)
        await running.press("up", "enter")
        await running.until(lambda: card.has_class("-right"), "a right answer")
        assert record.answered(running.desk.session.id, "one") == {"driver": True}


async def test_next_asks_while_something_is_open(start: Start, world: World) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.press("f8")
        assert isinstance(running.app.screen, Choice)
        assert "task 1 and question 1" in running.app.screen.question
        await running.press("escape")
        assert running.desk.page.step.name == "one"
        await do_the_task(running, world)
        await running.desk.answer("driver", "1")
        await running.press("f8")
        await running.until(lambda: running.desk.page.step.name == "two", "the next step")
        assert "Read this." in running.screen_text()
        await running.press("ctrl+p")
        await running.press(*"Step before", "enter")
        await running.until(lambda: running.desk.page.step.name == "one" and running.desk.ready)


async def test_the_solution_counts_as_given(start: Start, world: World, record: Record) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.press("shift+f9")
        assert isinstance(running.app.screen, SolutionScreen)
        assert "docker network create my_bridge" in running.screen_text()
        running.app.screen.query_one("#do-0", Button).press()
        await running.until(lambda: "$ docker network create my_" in running.screen_text())
        world.networks[running.desk.page.variables.bridge] = "bridge"
        world.event()
        await running.until(lambda: running.desk.page.passed("create"), "the given task")
        await running.until(lambda: not running.desk.typing, "the end of the typing")
        await running.until(lambda: "done, given" in running.screen_text(), "the word given")
        assert [(s.passed, s.given) for s in record.tasks(running.desk.session.id)] == [
            (True, True)
        ]


async def demonstrated(running: Running) -> None:
    """Have the solution typed, until it has begun."""
    await running.ready()
    await running.press("shift+f9")
    running.app.screen.query_one("#do-0", Button).press()
    await running.until(lambda: running.desk.typing, "the typing")


async def test_the_solution_is_stopped_by_a_key_and_other_keys_wait(
    start: Start, world: World, record: Record
) -> None:
    world.endless = True
    async with start("bridges") as running:
        await demonstrated(running)
        await running.until(lambda: "$ docker network c" in running.screen_text(), "keys")
        await running.press("f8", "Q", "escape")
        await running.until(lambda: not running.desk.typing, "the end of the typing")
        await running.until(lambda: "What was typed stays." in running.screen_text())
        assert "Wait until the solution is typed" in running.screen_text()
        assert running.desk.page.step.name == "one"
        assert not any(state.passed for state in record.tasks(running.desk.session.id))
        await running.press("Z")
        await running.until(lambda: "Z" in typed(running), "the learner's own key")
        assert "Q" not in typed(running)
        assert world.log[-1] == "typing ends"


def typed(running: Running) -> str:
    """What is in the terminal's first rows."""
    emulator = terminal(running).emulator
    assert emulator is not None
    return "".join(text for row in range(4) for text, _ in emulator.row(row))


async def test_escape_stops_the_typing_from_the_text_too_and_leaves_only_then(
    start: Start, world: World
) -> None:
    world.endless = True
    async with start("bridges") as running:
        await demonstrated(running)
        await running.until(lambda: "typing begins" in world.log, "the first key")
        await running.press("f2", "escape")
        await running.until(lambda: not running.desk.typing, "the end of the typing")
        assert isinstance(running.app.screen, LessonScreen)
        await running.press("escape")
        await running.until(lambda: isinstance(running.app.screen, HomeScreen), "the course")


async def test_what_is_typed_while_reading_goes_to_the_shell_and_costs_nothing(
    start: Start,
) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: terminal(running).running, "the shell")
        await running.press("f2")
        # Each of these letters once stood for an action, one of them at a price.
        await running.press(*"echo", "space", *"chnbsrp")
        await running.until(lambda: "echo chnbsrp" in _screen(running), "the command")
        assert running.app.screen.focused is terminal(running)
        assert not running.desk.page.hints
        assert running.desk.page.step.name == "one"


@pytest.mark.parametrize("what", ["a command", "a block"])
async def test_what_comes_before_the_shell_was_ever_seen_waits_for_it(
    start: Start, what: str
) -> None:
    # One pane at a time: a shell that was never seen has no size, and has mostly not begun.
    async with start("bridges", size=(80, 24)) as running:
        await running.ready()
        if what == "a command":
            await running.press(*"echo", "space", *"seven")
        else:
            block = running.app.screen.query(CodeBlock).filter(".-typed").first()
            block.focus()
            await running.press("enter")
        first = "echo seven" if what == "a command" else block.text.splitlines()[0]
        await running.until(lambda: first in _screen(running), "what was typed")
        assert running.app.screen.focused is terminal(running)
        # And keys after it, in their order.
        await running.press(*"-x")
        await running.until(lambda: "-x" in _screen(running), "what was typed next")


async def test_a_solution_goes_to_another_shell_when_a_program_runs_in_the_first(
    start: Start, world: World
) -> None:
    world.busy = ("bench",)
    async with start("bridges") as running:
        await demonstrated(running)
        shell = running.app.screen.query_one(ShellPane)
        await running.until(lambda: shell.target == "solution", "the other shell")
        await running.until(lambda: "`vim` runs in your shell" in running.screen_text())
        await running.until(lambda: "docker network create" in running.screen_text())


async def test_a_shell_that_has_no_place_yet_is_waited_for_before_it_is_typed_into(
    start: Start,
) -> None:
    async with start("bridges") as running:
        await running.ready()
        shell = running.app.screen.query_one(ShellPane)
        await running.press("f2", "f6")
        taking = asyncio.create_task(shell.take("solution"))
        await running.until(lambda: shell.target == "solution", "the other shell")
        await running.still()
        assert not taking.done()
        shell.to_front()
        await taking
        shell.type("echo typ''ed\r")
        await running.until(lambda: "typed" in _screen(running), "the echo")


async def test_a_solution_that_fails_says_whose_fault_it_is(
    start: Start, world: World, record: Record
) -> None:
    world.code = 1
    async with start("bridges") as running:
        await demonstrated(running)
        await running.until(lambda: isinstance(running.app.screen, Choice), "the message")
        assert "line 1 of 1 ended with exit code 1" in running.app.screen.question
        assert "fault of the lesson" in running.app.screen.more
        assert not any(state.passed for state in record.tasks(running.desk.session.id))
        assert not running.desk.typing


async def test_no_shell_is_touched_when_all_are_in_use(start: Start, world: World) -> None:
    world.busy = ("bench", "solution")
    async with start("bridges") as running:
        await demonstrated(running)
        await running.until(lambda: isinstance(running.app.screen, Choice), "the message")
        assert "no shell here waits for a command" in running.app.screen.question
        assert "typing begins" not in world.log


async def test_the_picture_changes_with_the_bench(start: Start, world: World) -> None:
    async with start("bridges", size=(160, 50)) as running:
        await running.ready()
        pane = running.app.screen.query_one(PicturePane)
        world.networks["mine"] = "bridge"
        world.containers["web"] = "mine"
        world.event()
        await running.until(lambda: "● web ✱" in running.screen_text(), "the container")
        assert "172.18.0.2" in running.screen_text()
        await running.press("f5", "right", "w")
        assert pane.in_words
        assert "Container web, running" in running.screen_text()


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


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((160, 50), {"text", "shell", "strip", "picture"}),
        ((120, 40), {"text", "shell", "strip"}),
        ((80, 24), {"text", "strip"}),
    ],
)
async def test_the_layout_adapts(start: Start, size: tuple[int, int], shown: set[str]) -> None:
    async with start("bridges", size=size) as running:
        await running.ready()

        def visible() -> set[str]:
            panes = ("text", "shell", "strip", "picture")
            return {n for n in panes if running.app.screen.query_one(f"#{n}").size.width}

        assert visible() == shown
        await running.press("f5")
        assert "picture" in visible()
        await running.press("f6")
        assert visible() == {"picture", "strip"}
        await running.press("f6", "f5", "f2")
        assert visible() == shown


async def test_the_picture_stays_while_one_types(start: Start) -> None:
    async with start("bridges", size=(120, 40)) as running:
        await running.ready()
        await running.until(lambda: "$" in _screen(running), "a prompt")
        picture = running.app.screen.query_one(PicturePane)
        await running.press("f5", "f3", *"echo a")
        assert picture.size.width
        assert terminal(running).has_focus
        await running.press("f5", "f5")
        assert not picture.size.width


async def test_the_open_task_is_at_hand(start: Start, world: World) -> None:
    """F4 goes to its card; what the strip says is of the task that the learner is at."""
    async with start("bridges", size=(80, 24)) as running:
        await running.ready()
        strip = running.app.screen.query_one(TaskStrip)
        assert strip.at == "create"
        await running.press("f3", "f4")
        assert running.app.focused is running.app.screen.query_one(TaskCard)
        height = running.app.screen.query_one(ShellPane).size.height
        await do_the_task(running, world)
        assert strip.at == ""
        assert "The questions are in the text" in running.screen_text()
        card = running.app.screen.query_one(QuestionCard)
        card.query(Option).first().focus()
        await running.press("enter")
        await running.until(lambda: running.desk.page.done, "the step")
        await running.until(lambda: "F8 goes on to “Only text”." in running.screen_text(), "where")
        assert strip.has_class("-done")
        assert running.app.screen.query_one(ShellPane).size.height == height


async def test_resizing_loses_nothing(start: Start, world: World) -> None:
    async with start("bridges", size=(160, 50)) as running:
        await running.ready()
        await running.until(lambda: "$" in _screen(running), "a prompt")
        await running.press("f9", "f3", *"echo kept", "enter")
        await running.until(lambda: "\nkept" in _screen(running), "the echo")
        process = terminal(running)._process
        for size in ((80, 24), (120, 40), (160, 50)):
            await running.pilot.resize_terminal(*size)
            await running.pilot.pause()
        assert terminal(running)._process is process
        assert "kept" in _screen(running)
        assert len(running.app.screen.query("TaskCard .hint")) == 1


async def test_a_key_right_after_the_one_for_a_pane_goes_there(start: Start) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: "$" in _screen(running), "a prompt")
        await running.press("f3")
        assert terminal(running).has_focus
        # As a busy machine reads them: both at once.
        for key, character in (("f5", None), ("w", "w")):
            running.app.post_message(events.Key(key, character))
        picture = running.app.screen.query_one(PicturePane)
        await running.until(lambda: picture.in_words, "the picture in words")


async def test_the_menu_lists_everything(start: Start, world: World) -> None:
    world.networks["mine"] = "bridge"
    world.containers["web"] = "mine"
    async with start("bridges") as running:
        await running.ready()
        await running.until(lambda: running.desk.page.picture.places, "the picture")
        titles = [one.title for one in running.app.get_system_commands(running.app.screen)]
        for wanted in ("Check now", "Reset the step", "Shell in container web", "Step 2 Only text"):
            assert wanted in titles
        assert "Lesson 07.6 Bridges" in titles
        await running.press("f10")
        assert "Search" in running.screen_text()


async def test_the_borders_move(start: Start) -> None:
    async with start("bridges", size=(160, 50)) as running:
        await running.ready()
        text, shell = (running.app.screen.query_one(f"#{name}") for name in ("text", "shell"))
        width, height = text.size.width, shell.size.height
        await running.press("ctrl+right", "ctrl+right", "ctrl+up")
        assert text.size.width > width
        assert shell.size.height < height


async def test_a_change_of_step_says_what_goes_and_waits_for_the_word(
    start: Start, world: World
) -> None:
    async with start("bridges") as running:
        await running.ready()
        entered = world.log.count("enter one")
        for button in ("#stay", "#go"):
            world.at_stake = WouldTake(("container/mine",), (), "Your files stay.")
            running.desk.go("one")
            await running.until(lambda: isinstance(running.app.screen, Choice), "the question")
            question = running.app.screen.query_one(".question", Static)
            assert "container/mine" in str(question.content)
            assert world.log.count("enter one") == entered
            await running.pilot.click(button)
            await running.until(lambda: not isinstance(running.app.screen, Choice), "the answer")
            await running.ready()
        await running.until(lambda: world.log.count("enter one") == entered + 1, "the step")


async def test_the_reading_place_is_a_paragraph(start: Start, kit: Kit) -> None:
    """Kept over another size, over zoom, and over leaving and coming back."""
    more = "\n".join(
        f"Paragraph {n}. " + "And so it goes on and on. " * 8 + "\n" for n in range(30)
    )
    kit.change("content/07.6-bridges/10-one.md", "Why it is so.\n", f"Why it is so.\n\n{more}")
    async with start("bridges", size=(160, 50)) as running:
        await running.ready()
        text = running.app.screen.query_one(TextPane)
        child = next(c for c in text.children if "Paragraph 17." in str(getattr(c, "content", "")))
        text.scroll_to(y=child.virtual_region.y, animate=False, force=True)
        await running.still()

        def first() -> str:
            text = running.app.screen.query_one(TextPane)
            top = round(text.scroll_y)
            at = next(c for c in text.children if c.virtual_region.bottom > top)
            return str(getattr(at, "content", ""))[:13]

        assert first() == "Paragraph 17."
        for size in ((80, 24), (120, 40), (160, 50)):
            await running.pilot.resize_terminal(*size)
            await running.still()
            assert first() == "Paragraph 17.", size
        await running.press("f6")
        await running.still()
        assert first() == "Paragraph 17."
        await running.press("f6", "escape")
        await running.until(lambda: isinstance(running.app.screen, HomeScreen), "the course")
        await running.press("enter")
        await running.until(lambda: isinstance(running.app.screen, LessonScreen), "the lesson")
        await running.still()
        assert first() == "Paragraph 17."
