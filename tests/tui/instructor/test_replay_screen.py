"""The recorded terminal: it plays, at any speed, and jumps to commands and verdicts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from lab_engine.grading.insight.room import Room
from lab_engine.grading.insight.tape import Frame, Shell, Tape, tape
from lab_engine.grading.submission.handed import Handed
from lab_engine.settings import Settings
from lab_engine.tui.instructor.app import InstructorApp
from lab_engine.tui.instructor.learner_screen import LearnerScreen
from lab_engine.tui.instructor.player import Player, wound
from lab_engine.tui.instructor.replay_screen import ReplayScreen
from tests.grading import made, taught
from tests.tui.instructor.conftest import Shown

Start = Callable[..., Any]


async def paused(shown: Shown) -> None:
    """The replay is there, at its start, and stands still."""
    await shown.on(ReplayScreen)
    await shown.until(lambda: shown.screen.player, "the tape")
    if shown.screen.playing:
        await shown.press("space")
    await shown.press("home")
    await there(shown, 0.0)


async def there(shown: Shown, at: float) -> None:
    await shown.until(
        lambda: not shown.screen._winding and abs(shown.screen.player.at - at) < 1e-6, f"at {at}"
    )


def at_verdict(number: int) -> float:
    marks = tape(taught.handed_in()).marks
    return [mark.at for mark in marks if mark.kind == "verdict"][number]


async def test_it_jumps_to_commands_and_verdicts(start: Start) -> None:
    async with start(learner="ada", replay=True) as shown:
        await paused(shown)
        marks = [one for one in shown.screen.tape.marks if one.kind == "command"]
        for mark in marks:
            await shown.press("n")
            await there(shown, mark.at)
        assert "docker network create -d bridge br_41" in shown.text
        await shown.press("b")
        await there(shown, marks[-2].at)
        await shown.press("home")
        await there(shown, 0.0)
        for number in range(3):
            await shown.press("v")
            await there(shown, at_verdict(number))
        assert "✘ one/run: fail (other-network): none" in shown.text
        await shown.press("V")
        await there(shown, at_verdict(1))
        assert "✔ one/create: pass" in shown.text
        await shown.press("end")
        await there(shown, shown.screen.tape.seconds)
        await shown.press("v")
        await shown.see("There is no verdict after this.")
        await shown.press("escape")
        assert isinstance(shown.screen, LearnerScreen)


async def test_it_plays_to_the_end_and_anew(start: Start) -> None:
    async with start(learner="ada", replay=True) as shown:
        await paused(shown)
        await shown.press("plus", "plus", "plus", "plus", "plus", "plus", "minus")
        assert shown.screen.speed == 16.0
        await shown.press("space")
        await shown.until(lambda: not shown.screen.playing, "the end")
        assert shown.screen.player.at == pytest.approx(shown.screen.tape.seconds)
        assert "docker ps" in shown.text
        await shown.press("minus", "minus", "minus", "minus", "minus", "space")
        await shown.until(lambda: shown.screen.player.at < shown.screen.tape.seconds, "the start")


async def test_a_place_is_chosen_from_the_list(start: Start) -> None:
    async with start(learner="ada", replay=True, size=(80, 24)) as shown:
        await paused(shown)
        await shown.press("m")
        await shown.see("$ docker network ls", "✔ one/create: pass")
        await shown.press("end", "enter")
        await there(shown, shown.screen.tape.marks[-1].at)
        await shown.press("m", "escape")
        assert isinstance(shown.screen, ReplayScreen)


async def test_several_terminals_are_shown_in_turn(room: Room, settings: Settings) -> None:
    part = taught.handed_in()
    later = made.cast("hostname", began=made.BEGAN + 20)
    part = Handed(part.part, part.past, part.casts | {"20270115-2.cast": later}, part.files)
    app = InstructorApp(settings, room)
    async with app.run_test(size=(80, 24)) as pilot:
        shown = Shown(app, pilot)
        app.replay(part, "Ada")
        await paused(shown)
        await shown.press("end")
        await there(shown, shown.screen.tape.seconds)
        await shown.see("terminal 2 of 2", "hostname")
        await shown.press("tab")
        await shown.see("terminal 1 of 2, kept", "docker ps")
        await shown.press("home")
        await there(shown, 0.0)
        assert "terminal 1 of 2, kept" in shown.text
        await shown.press("tab", "tab")
        assert "kept" not in shown.text


def printed(text: str, columns: int = 20, rows: int = 4) -> Tape:
    return Tape((Shell("bench", columns, rows),), (Frame(0.0, 0, "o", text),), (), 1.0)


def test_a_player_draws_what_was_printed_and_nothing_more() -> None:
    player = Player(printed("one\r\n\x1b[31mtwo\x1b[0m\x1b]52;c;Y29weQ==\x07\x1b[6n\ud83d"))
    assert player.advance(1.0)
    screen = player.screen()
    assert screen is not None
    assert screen.text().split()[:2] == ["one", "two?"]
    nothing = Player(Tape((), (), (), 0.0))
    assert nothing.advance(1.0)
    assert nothing.screen() is None


def test_a_long_output_is_drawn_piece_by_piece_and_can_be_stopped() -> None:
    long = printed("0123456789\r\n" * 20_000)
    player = Player(long)
    assert not player.advance(1.0, 0.001)
    stop = threading.Event()
    stop.set()
    assert wound(long, 1.0, stop) is None
    while not player.advance(1.0, 0.5):
        pass
    screen = player.screen()
    assert screen is not None
    assert "0123456789" in screen.text()


def test_it_takes_the_size_that_the_terminal_was_given() -> None:
    frames = (Frame(0.0, 0, "r", "30x10"), Frame(0.1, 0, "o", "x" * 25))
    player = Player(Tape((Shell("bench", 20, 4),), frames, (), 1.0))
    player.advance(1.0)
    screen = player.screen()
    assert screen is not None
    assert (screen.columns, screen.rows) == (30, 10)
    assert "x" * 25 in screen.text()
