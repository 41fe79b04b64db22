"""First frame beside a bare Textual app, and from a key to its paint while a step is made."""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import measure, place
from benchmarks.measure import Aim, Comparison, Result, Timing
from lab_engine.session.record import Record

SIZE = (120, 40)
PATIENCE = 120.0
FIRST = b"Reading the course"
COURSE = b"lessons done"
EMPTY = b"earch the course"
"""The end of what the search shows when nothing is in it; the cursor is on its first letter."""
LESSON = "keeping-data"
LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
BARE = """
from textual.app import App
from textual.widgets import Footer, Header, Static

class Bare(App):
    BINDINGS = [("q", "quit", "Quit")]
    def compose(self):
        yield Header()
        yield Static("a bare application")
        yield Footer()

Bare().run()
"""


class Terminal:
    """A program on a PTY, seen from outside: bytes and when they came."""

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        size: tuple[int, int] = SIZE,
    ) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        clean = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**clean, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environment},
            start_new_session=True,
        )
        os.close(slave)

    def until(self, mark: bytes) -> float:
        """Read until these bytes were written; the moment. Raises Failed when they do not come."""
        seen = b""
        end = time.perf_counter() + PATIENCE
        while time.perf_counter() < end:
            if select.select([self.master], [], [], 0.5)[0]:
                try:
                    seen += os.read(self.master, 1 << 16)
                except OSError:
                    break
                if mark in seen:
                    return time.perf_counter()
                seen = seen[-65536:]
        raise place.Failed(f"the screen never showed {mark.decode()!r}; its end: {seen[-600:]!r}")

    def leave(self, seconds: float) -> None:
        """Wait so long, and read what comes: nobody draws on a terminal that is full."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.master], [], [], left)[0]:
                os.read(self.master, 1 << 16)

    def key(self, text: str) -> float:
        now = time.perf_counter()
        os.write(self.master, text.encode())
        return now

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@contextmanager
def opened(
    argv: Sequence[str], environment: Mapping[str, str], size: tuple[int, int] = SIZE
) -> Iterator[Terminal]:
    terminal = Terminal(argv, environment, size)
    try:
        yield terminal
    finally:
        terminal.close()


def first_frames(rounds: int, data: str) -> dict[str, list[float]]:
    """Seconds from the start of the process, each side in turn."""
    ours = [sys.executable, "-m", "lab_engine", "learn"]
    found: dict[str, list[float]] = {"infralab": [], "bare Textual": [], "course": []}
    for number in range(rounds + 1):
        with opened(ours, {"INFRALAB_DATA_DIR": data}) as terminal:
            first = terminal.until(FIRST) - terminal.began
            course = terminal.until(COURSE) - terminal.began
        with opened([sys.executable, "-c", BARE], {}) as terminal:
            bare = terminal.until(b"a bare application") - terminal.began
        if number:
            # The first of each warms the caches of files.
            found["infralab"].append(first)
            found["course"].append(course)
            found["bare Textual"].append(bare)
    return found


def keys(count: int, data: str) -> tuple[list[float], bool]:
    """Seconds from each key to its paint, and whether the step was still being made at the end.

    The keys go to the search of the course, which looks through it at each of them, while a lesson
    that was begun a moment ago is made ready behind it.
    """
    ours = [sys.executable, "-m", "lab_engine", "learn", LESSON, "--new"]
    times: list[float] = []
    with opened(ours, {"INFRALAB_DATA_DIR": data}) as terminal:
        terminal.until(b"Opening")
        terminal.key("\x1b")
        terminal.until(b"Search the course")
        time.sleep(0.5)
        terminal.key("/")
        time.sleep(0.3)
        for number in range(count):
            letter = LETTERS[number % len(LETTERS)]
            began = terminal.key(letter)
            times.append(terminal.until(letter.encode()) - began)
            # Textual runs a binding, such as Backspace, after a letter of the same moment.
            terminal.key("\x7f")
            terminal.until(EMPTY)
            time.sleep(0.05)
        record = Record(Path(data) / "progress.sqlite")
        busy = any(not row.step for row in record.open_sessions())
        record.close()
    return times, busy


def run(args: argparse.Namespace) -> Result:
    before = measure.load_now()
    with tempfile.TemporaryDirectory() as data:
        frames = first_frames(2 if args.quick else args.rounds, data)
        try:
            painted, busy = keys(10 if args.quick else args.keys, data)
        finally:
            place.remove_benches(data)
    bare = Timing("bare Textual", tuple(frames["bare Textual"]))
    return Result(
        "screens",
        measure.machine(before),
        (
            Comparison(
                "first frame",
                Timing("infralab", tuple(frames["infralab"])),
                (bare,),
                Aim(1.5, "ratio", "bare Textual"),
            ),
            Comparison("course shown", Timing("infralab", tuple(frames["course"])), (bare,)),
            Comparison("key to paint", Timing("infralab", tuple(painted)), (), Aim(0.05, "p95")),
        ),
        notes=(
            "First frame: from the start of the process until its first text is written to the "
            "PTY. The bare app has a header, a text and a footer.",
            "Key to paint: letters typed into the search while a bench and a step are made"
            + (
                ", still so at the last letter." if busy else "; the step was ready before the end."
            ),
        ),
    )


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--keys", type=int, default=100)


if __name__ == "__main__":
    raise SystemExit(place.main(__doc__ or "", run, options))
