"""Plays a tape into emulated terminals: up to a place, forward from there, or anew to another."""

from __future__ import annotations

import threading
import time

from lab_engine.grading.insight.tape import Tape
from lab_engine.tui.terminal.emulator import Emulator

PIECE = 2048
"""Characters fed between two looks at the clock; about 4 ms of work at worst."""


class Player:
    """The terminals of a tape as they are at the place `at`.

    Args:
        tape: what is played.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.at = 0.0
        self.shell = 0
        """The terminal in which something happened last."""
        self._frame = 0
        self._fed = 0
        """How much of that frame is drawn already."""
        self._screens = [
            Emulator(shell.columns, shell.rows, lambda _: None) for shell in tape.shells
        ]

    def screen(self, shell: int | None = None) -> Emulator | None:
        """A terminal, or the one in which something happened last; None without any."""
        return self._screens[self.shell if shell is None else shell] if self._screens else None

    def advance(self, to: float, seconds: float = float("inf")) -> bool:
        """Play on up to `to`, and give whether that was reached within so many seconds of work."""
        frames, end = self.tape.frames, time.perf_counter() + seconds
        while self._frame < len(frames) and frames[self._frame].at <= to:
            if time.perf_counter() > end:
                self.at = min(max(self.at, frames[self._frame].at), to)
                return False
            self._draw()
        self.at = max(self.at, to)
        return True

    def _draw(self) -> None:
        frame = self.tape.frames[self._frame]
        screen = self._screens[frame.shell]
        self.shell = frame.shell
        if frame.code == "r":
            columns, rows = (int(part) for part in frame.data.split("x"))
            screen.resize(columns, rows)
        else:
            piece = frame.data[self._fed : self._fed + PIECE]
            # What is no text was kept by the recorder as U+FFFD; a lone surrogate cannot be fed.
            screen.feed(piece.encode("utf-8", "replace"))
            self._fed += PIECE
            if self._fed < len(frame.data):
                return
        self._fed = 0
        self._frame += 1


def wound(tape: Tape, to: float, stop: threading.Event) -> Player | None:
    """A player at a place, for a thread; None when it was told to stop before that."""
    player = Player(tape)
    while not player.advance(to, 0.05):
        if stop.is_set():
            return None
        # Threads of Python take turns: the one that draws comes first.
        time.sleep(0.005)
    return player
