"""Record `walk.svg`: the first step of a lesson, done in the real program on a real bench.

    python docs/images/walk.py [FILE]       needs Docker, and takes about a minute

With `--stills FOLDER` it also writes a picture for every second, to be looked at before a commit.
"""

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
from pathlib import Path
from typing import Final

from film import Film

from benchmarks import place
from lab_engine.tui.terminal.emulator import Emulator

COLUMNS, ROWS = 160, 42
LESSON: Final = "docker-networking"
SEED: Final = "walk"
FRAME: Final = 0.1
"""Seconds of the film between two pictures, at least."""
KEY: Final = 0.055
PATIENCE: Final = 180.0
RUN: Final = "docker container run -itd --name=bb1 busybox /bin/sh"
GUESS: Final = "echo eth0 > cable.txt"
LOOK: Final = "ls /sys/class/net/docker0/brif"
ANSWER: Final = f"{LOOK} > cable.txt"


class Camera:
    """A program in a terminal, filmed. The film's clock may run faster than ours."""

    def __init__(self, argv: list[str], environment: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        clean = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self._process = subprocess.Popen(
            argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**clean, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environment},
        )
        os.close(slave)
        self._screen = Emulator(COLUMNS, ROWS, self._reply)
        self.film = Film(COLUMNS, ROWS)
        self.clock = 0.0
        self.speed = 1.0

    def _reply(self, data: bytes) -> None:
        os.write(self._master, data)

    def watch(self, seconds: float) -> None:
        """Film for so long, by the film's clock."""
        end = self.clock + seconds
        while self.clock < end:
            self._look(min(FRAME, end - self.clock) * self.speed)

    def until(self, *wanted: str) -> None:
        """Film until all of these are on the screen."""
        end = time.monotonic() + PATIENCE
        while not all(one in self._screen.text() for one in wanted):
            if time.monotonic() > end:
                raise SystemExit(f"never saw {wanted}:\n{self._screen.text()}")
            self._look(FRAME * self.speed)

    def type(self, text: str) -> None:
        for character in text:
            self.press(character)
            self.watch(KEY)

    def press(self, key: str) -> None:
        os.write(self._master, key.encode())

    def _look(self, seconds: float) -> None:
        began = time.monotonic()
        while (left := began + seconds - time.monotonic()) > 0:
            if select.select([self._master], [], [], left)[0]:
                self._screen.feed(os.read(self._master, 1 << 16))
        self.clock += (time.monotonic() - began) / self.speed
        if not self._screen.composing:
            rows = [self._screen.row(number) for number in range(ROWS)]
            self.film.add(round(self.clock, 2) if self.film.frames else 0, rows)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)


def walk(camera: Camera) -> None:
    """What a learner does."""
    # Nothing is filmed before there is something to see.
    camera.until("Step 1 of")
    camera.film.frames.clear()
    camera.clock = 0.0
    camera.speed = 2.0
    camera.until("ready", "learner@bench", "docker0")
    camera.speed = 1.0
    camera.watch(1.5)
    camera.press("\x1bOR")
    camera.watch(0.6)
    camera.type(RUN)
    camera.watch(0.4)
    camera.press("\r")
    camera.until("1/2 tasks", "bb1")
    camera.watch(2.5)
    camera.type(GUESS)
    camera.press("\r")
    camera.until("Task 2 of 2 ✘ not yet")
    camera.watch(3.5)
    for line in (LOOK, ANSWER):
        camera.type(line)
        camera.watch(0.3)
        camera.press("\r")
        camera.watch(0.8)
    camera.until("2/2 tasks")
    camera.watch(4.5)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    here = Path(__file__).parent / "walk.svg"
    parser.add_argument("file", nargs="?", type=Path, default=here)
    parser.add_argument("--stills", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    argv = [sys.executable, "-m", "lab_engine", "learn", LESSON, "--new", "--seed", SEED]
    with tempfile.TemporaryDirectory() as data:
        camera = Camera(argv, {"INFRALAB_DATA_DIR": data})
        try:
            walk(camera)
        finally:
            camera.close()
            place.remove_benches(data)
    end = round(camera.clock, 1)
    args.file.write_text(camera.film.svg(end), encoding="utf-8")
    size = args.file.stat().st_size
    sys.stdout.write(f"{args.file}: {end} s, {len(camera.film.frames)} pictures, {size} bytes\n")
    if args.stills:
        args.stills.mkdir(parents=True, exist_ok=True)
        for second in range(int(end) + 1):
            still = args.stills / f"{second:03d}.svg"
            still.write_text(camera.film.still(second, end), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
