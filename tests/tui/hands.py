"""What a test of the lesson's screen does to it, and sees of it."""

from __future__ import annotations

from lab_engine.tui.panes.shell import ShellPane
from lab_engine.tui.terminal.pane import TerminalPane
from tests.tui.conftest import Running
from tests.tui.standin import World


def bridge(running: Running) -> str:
    variables = running.desk.page.variables
    assert variables is not None
    return str(variables.bridge)


def front(running: Running) -> TerminalPane | None:
    """The terminal in front; None for the moment in which another one comes."""
    return running.app.screen.query_one(ShellPane).pane


def terminal(running: Running) -> TerminalPane:
    pane = front(running)
    assert pane is not None
    return pane


async def do_the_task(running: Running, world: World) -> None:
    world.networks[bridge(running)] = "bridge"
    world.event()
    await running.until(lambda: running.desk.page.passed("create"), "a green task")


def screen_of(running: Running) -> str:
    pane = front(running)
    return pane.emulator.text() if pane and pane.emulator else ""


def typed(running: Running) -> str:
    """What is in the terminal's first rows."""
    emulator = terminal(running).emulator
    assert emulator is not None
    return "".join(text for row in range(4) for text, _ in emulator.row(row))
