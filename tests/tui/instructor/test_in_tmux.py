"""`infralab instructor` in a real terminal of 80 columns and 24 rows, by keys alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.grading.gradebook.book import Gradebook
from tests.grading import taught

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]
ROOT = Path(__file__).parents[3]
PATIENCE = 60.0


class Terminal:
    """A program in a tmux of its own: what it shows is what an instructor sees."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = f"infralab-instructor-{os.getpid()}"

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.socket, "-f", "/dev/null", *words],
            capture_output=True, text=True, check=True, timeout=30,
        )  # fmt: skip
        return done.stdout

    def start(self, *words: str) -> None:
        own = f"PYTHONPATH={ROOT} INFRALAB_DATA_DIR={self.folder / 'data'} TZ=UTC"
        command = f"env -u COLUMNS -u LINES {own} {sys.executable} -m lab_engine {' '.join(words)}"
        self.tmux(
            "new-session", "-d", "-s", "t", "-x", "80", "-y", "24", "-c", str(self.folder),
            f"{command}; echo ended $?; sleep 1000",
        )  # fmt: skip

    @property
    def text(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "t")

    def see(self, *wanted: str) -> None:
        end = time.monotonic() + PATIENCE
        while not all(one in (text := self.text) for one in wanted):
            assert time.monotonic() < end, f"never saw {wanted}:\n{text}"
            time.sleep(0.1)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tmux("send-keys", "-t", "t", key)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    taught.a_class(tmp_path)
    made = Terminal(tmp_path)
    yield made
    made.tmux("kill-server")


def test_from_the_class_to_a_comment_and_a_replay(terminal: Terminal) -> None:
    terminal.start("instructor", "net-27", "week-3.toml")
    terminal.see("week-3 Walls of a container", "Lee Felsenstein", "q Quit")
    terminal.press("/", "h", "a", "l", "Enter", "Enter")
    terminal.see("Hal Abelson", "one/run", "2 files new or changed")
    terminal.press("c")
    terminal.see("A comment for Hal Abelson")
    terminal.tmux("send-keys", "-t", "t", "-l", "Read the step on networks again.")
    terminal.press("Enter", "Enter")
    terminal.see("Read the step on networks again.", "Comments and overrides")
    terminal.press("p")
    terminal.see("docker network ls", "n Next")
    terminal.press("End")
    terminal.see("docker ps", "paused")
    terminal.press("Escape")
    terminal.see("p Replay")
    terminal.press("Escape")
    terminal.see("1 of 12")
    terminal.press("Escape")
    # A terminal sends the same for Alt+t as for Escape and a t right after it.
    terminal.see("12 learners")
    terminal.press("t")
    terminal.see("tasks over the class", "3 of 10")
    terminal.press("q")
    terminal.see("q Quit", "12 learners")
    terminal.press("q")
    terminal.see("ended 0")
    with Gradebook.reading(terminal.folder / "net-27" / "gradebook.sqlite") as book:
        said = [word.text for word in book.words("week-3", "hal")]
    assert said[-1] == "Read the step on networks again."


def test_what_is_not_there_is_told_and_no_screen_is_drawn(terminal: Terminal) -> None:
    terminal.start("instructor", "net-27", "week-3.toml", "--learner", "zed")
    terminal.see("nobody in the class is called 'zed'", "ended 2")
