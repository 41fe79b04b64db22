"""The terminal's widget with real programs on a real PTY."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from lab_engine.bench.container import Bench
from lab_engine.tui.terminal.pane import TerminalPane
from tests.bench.conftest import image_tag, make_bench

__all__ = ["image_tag", "make_bench"]

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "TERM": "xterm-256color",
    "LANG": "C.UTF-8",
    "PS1": "ready> ",
    "HOME": "/",
}
STALL = 0.05
"""Seconds of work in one go that a learner would feel."""


class One(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[object] = []

    def compose(self) -> ComposeResult:
        yield TerminalPane()

    def on_terminal_pane_exited(self, event: TerminalPane.Exited) -> None:
        self.heard.append(event.code)

    def on_terminal_pane_copied(self, event: TerminalPane.Copied) -> None:
        self.heard.append(event.text)


class Shell:
    def __init__(self, app: One, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.pane = app.query_one(TerminalPane)

    @property
    def text(self) -> str:
        return self.pane.emulator.text() if self.pane.emulator else ""

    async def until(self, true: Callable[[], object], limit: float = 20) -> None:
        end = asyncio.get_running_loop().time() + limit
        while not true():
            assert asyncio.get_running_loop().time() < end, self.text
            await asyncio.sleep(0.01)

    async def run(self, line: str) -> None:
        self.pane.send_text(line)
        await self.pilot.press("enter")


@pytest.fixture
async def shell() -> AsyncIterator[Shell]:
    app = One()
    async with app.run_test(size=(60, 16)) as pilot:
        made = Shell(app, pilot)
        made.pane.focus()
        made.pane.spawn(["bash", "--norc", "--noprofile"], ENVIRONMENT)
        await made.until(lambda: "ready>" in made.text)
        yield made


async def test_typing_reaches_the_shell(shell: Shell) -> None:
    await shell.pilot.press(*"echo a", "minus", *"b", "backspace", *"c", "enter")
    await shell.until(lambda: "\na-c\n" in shell.text)


async def test_what_comes_before_the_program_can_begin_waits_for_its_prompt() -> None:
    app = One()
    async with app.run_test(size=(60, 16)) as pilot:
        made = Shell(app, pilot)
        # It has no size, and nothing can run in it.
        made.pane.display = False
        await pilot.pause()
        made.pane.spawn(["bash", "--norc", "--noprofile"], ENVIRONMENT)
        assert made.pane.waits
        made.pane.send_text("echo first")
        made.pane.on_key(events.Key("minus", "-"))
        made.pane.display = True
        made.pane.focus()
        await made.until(lambda: made.pane.running)
        await pilot.press("x", "enter")
        await made.until(lambda: "\nfirst-x\n" in made.text)


async def test_a_new_program_gets_nothing_of_what_was_meant_for_the_last() -> None:
    app = One()
    async with app.run_test(size=(60, 16)) as pilot:
        made = Shell(app, pilot)
        made.pane.display = False
        await pilot.pause()
        made.pane.spawn(["true"], ENVIRONMENT)
        made.pane.send_text("echo meant for the last")
        made.pane.spawn(["bash", "--norc", "--noprofile"], ENVIRONMENT)
        made.pane.send_text("echo mine")
        made.pane.display = True
        await made.until(lambda: "echo mine" in made.text)
        assert "last" not in made.text


async def test_text_is_sent_without_enter(shell: Shell) -> None:
    shell.pane.send_text("echo not-yet\n")
    await shell.until(lambda: "echo not-yet" in shell.text)
    await shell.pilot.pause(0.2)
    assert "\nnot-yet" not in shell.text
    await shell.pilot.press("enter")
    await shell.until(lambda: "\nnot-yet" in shell.text)


async def test_several_lines_wait_for_enter_too(shell: Shell) -> None:
    shell.pane.send_text("echo first\necho second\n")
    await shell.until(lambda: "echo second" in shell.text)
    await shell.pilot.pause(0.2)
    assert "\nfirst" not in shell.text
    await shell.pilot.press("enter")
    await shell.until(lambda: "\nfirst\nsecond" in shell.text)


async def test_job_control_and_interrupt(shell: Shell) -> None:
    await shell.run("sleep 100; echo code $?")
    await shell.pilot.pause(0.3)
    await shell.pilot.press("ctrl+c")
    await shell.run("echo after")
    await shell.until(lambda: "\nafter" in shell.text)
    assert "no job control" not in shell.text


async def test_a_resize_reaches_the_program(shell: Shell) -> None:
    await shell.run("stty size")
    await shell.until(lambda: "16 60" in shell.text)
    await shell.pilot.resize_terminal(90, 30)
    await shell.run("stty size")
    await shell.until(lambda: "30 90" in shell.text)


async def test_the_end_is_told_with_its_code(shell: Shell) -> None:
    await shell.run("exit 7")
    await shell.until(lambda: shell.app.heard)
    assert shell.app.heard == [7]
    assert shell.pane.ended == 7
    assert not shell.pane.running


async def test_a_program_that_is_not_there(shell: Shell) -> None:
    await shell.pane.hang_up()
    shell.pane.spawn(["no-such-program-anywhere"])
    await shell.until(lambda: "no-such-program-anywhere" in shell.text)
    assert shell.pane.ended == 127


@pytest.fixture(scope="module")
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench("programs")


@pytest.fixture
async def bench_shell(shell: Shell, bench: Bench) -> Shell:
    """A shell in a bench, which has the programs that learners are told of."""
    await shell.pane.hang_up()
    words = ["bash", "--norc", "--noprofile"]
    inside = {name: ENVIRONMENT[name] for name in ("TERM", "PS1")}
    argv = bench.exec_argv(words, user="root", interactive=True, tty=True, env=inside)
    shell.pane.spawn(argv, {**os.environ, **inside})
    await shell.until(lambda: "ready>" in shell.text)
    return shell


@pytest.mark.bench
@pytest.mark.parametrize("editor", ["vi", "vim.tiny"])
async def test_an_editor(bench_shell: Shell, editor: str) -> None:
    shell = bench_shell
    await shell.run(f"{editor} -u NONE")
    await shell.until(lambda: shell.text.count("~") > 8)
    await shell.pilot.press("i", *"hello", "escape")
    await shell.until(lambda: shell.text.startswith("hello"))
    await shell.pilot.press("colon", "q", "exclamation_mark", "enter")
    await shell.until(lambda: "ready>" in shell.text and "~" not in shell.text)


@pytest.mark.bench
async def test_a_pager_and_its_way_back(bench_shell: Shell) -> None:
    shell = bench_shell
    await shell.run("seq 1 100 | less")
    await shell.until(lambda: "\n15" in shell.text)
    await shell.pilot.press("G")
    await shell.until(lambda: "100" in shell.text)
    await shell.pilot.press("q")
    await shell.until(lambda: "ready>" in shell.text)


async def test_colours_and_wide_characters_are_drawn(shell: Shell) -> None:
    await shell.run(r"printf '\033[32m你好\033[0m|\n'")
    await shell.until(lambda: "\n你好|" in shell.text)
    row = shell.text.split("\n").index("你好|")
    strip = shell.pane.render_line(row)
    assert strip.cell_length == 60
    assert strip.text.startswith("你好|")
    colours = {s.style.color.number for s in strip if s.style and s.style.color and "你" in s.text}
    assert colours == {2}


@pytest.fixture
def frozen() -> Iterator[None]:
    """What the test run has loaded is not looked through for garbage, as in the app itself."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("frozen")
async def test_a_flood_does_not_hold_up_the_loop(shell: Shell) -> None:
    """The measure is our own work: what the machine gives to others is not ours to mend."""
    await shell.run("seq 1 300")
    await shell.until(lambda: "300\nready>" in shell.text)
    worst = 0.0
    last = time.thread_time()

    async def meter() -> None:
        nonlocal worst, last
        while True:
            await asyncio.sleep(0.001)
            now = time.thread_time()
            worst, last = max(worst, now - last), now

    measuring = asyncio.create_task(meter())
    await shell.run("seq 1 60000")
    await shell.until(lambda: "60000\nready>" in shell.text, limit=120)
    measuring.cancel()
    assert worst < STALL


async def test_a_flood_can_be_interrupted(shell: Shell) -> None:
    await shell.run("yes")
    await shell.until(lambda: "y\ny\ny" in shell.text)
    await shell.pilot.press("ctrl+c")
    await shell.until(lambda: shell.text.rstrip().endswith("ready>"), limit=30)


async def test_nothing_is_left_running(shell: Shell) -> None:
    process = shell.pane._process
    assert process is not None
    await shell.pane.hang_up()
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
