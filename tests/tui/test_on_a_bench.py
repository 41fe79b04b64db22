"""From the start to green on a real bench, typed in a real terminal as a learner would.

The terminal is tmux: what is on the screen is what a learner sees.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lab_engine.bench.container import Bench
from lab_engine.course.lesson import load_course
from lab_engine.course.seed import Seed
from lab_engine.session.record import Record
from tests.bench.conftest import image_tag

__all__ = ["image_tag"]

pytestmark = [
    pytest.mark.bench,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]
SEED = "screens"
PATIENCE = 90.0


class Screen:
    """infralab in a terminal of its own."""

    def __init__(self, data: Path, size: str = "160x50") -> None:
        self.servers = 0
        self.data = data
        self.columns, self.rows = size.split("x")

    @property
    def socket(self) -> str:
        """A server's own: one that was told to end still answers on its socket for a moment."""
        return f"infralab-screens-{os.getpid()}-{self.servers}"

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.socket, "-f", "/dev/null", *words],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return done.stdout

    def start(self, *arguments: str) -> None:
        environment = (
            f"env -u COLUMNS -u LINES INFRALAB_DATA_DIR={self.data} INFRALAB_BENCH_MEMORY=1g"
        )
        self.servers += 1
        command = f"{environment} {sys.executable} -m lab_engine learn {' '.join(arguments)}"
        self.tmux(
            *("new-session", "-d", "-s", "t", "-x", self.columns, "-y", self.rows),
            f"{command}; echo ended $?; sleep 1000",
        )

    @property
    def text(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "t")

    def see(self, *wanted: str, limit: float = PATIENCE) -> None:
        """Wait until all of these are on the screen."""
        end = time.monotonic() + limit
        while not all(one in (text := self.text) for one in wanted):
            assert time.monotonic() < end, f"never saw {wanted}:\n{text}"
            time.sleep(0.2)

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", "-t", "t", *keys)

    def type(self, line: str) -> None:
        self.tmux("send-keys", "-t", "t", "-l", line)
        self.press("Enter")

    def close(self) -> None:
        subprocess.run(
            ["tmux", "-L", self.socket, "kill-server"], capture_output=True, check=False, timeout=30
        )


@pytest.fixture
def screen(image_tag: str, tmp_path: Path) -> Iterator[Screen]:
    made = Screen(tmp_path / "data")
    yield made
    made.close()
    path = made.data / "progress.sqlite"
    if path.exists():
        record = Record(path)
        for row in record.open_sessions():
            bench = Bench.find(row.id)
            if bench:
                bench.remove()
        record.close()


def solution(lesson: str, step: str) -> tuple[str, ...]:
    chosen = load_course().lesson(lesson)
    return tuple(chosen.lab.steps[step].solutions[0].script(chosen.variables(Seed(SEED))))


def test_a_docker_step_to_green_and_back_after_a_crash(screen: Screen) -> None:
    lesson = load_course().lesson("docker-networking")
    first = lesson.steps[0].name
    tasks = len(lesson.steps[0].tasks)
    screen.start("docker-networking", "--seed", SEED)
    screen.see("● ready", "learner@bench", "F6 Zoom")
    screen.press("F3")
    for line in solution("docker-networking", first):
        screen.type(line)
    screen.see(f"{tasks}/{tasks} tasks")
    screen.type("echo still-$((20+3))")
    screen.see("still-23")
    pid = screen.tmux("display-message", "-p", "-t", "t", "#{pane_pid}").strip()
    python = subprocess.run(
        ["pgrep", "-P", pid], capture_output=True, text=True, check=True
    ).stdout.split()[0]
    os.kill(int(python), 9)
    screen.see("ended 137")
    screen.close()
    screen.start("docker-networking")
    screen.see(f"{tasks}/{tasks} tasks", "still-23")
    screen.press("F2")
    screen.press("Escape")
    screen.see("c goes on")
    screen.press("q")
    screen.see("ended 0")


@pytest.mark.parametrize("words", [("pause",), ("rm", "-f")], ids=" ".join)
def test_a_bench_that_somebody_took_away_is_had_again_from_the_lesson(
    words: tuple[str, ...], screen: Screen
) -> None:
    screen.columns, screen.rows = "80", "24"
    screen.start("namespaces", "--seed", SEED)
    screen.see("● ready", "F6 Zoom")
    screen.press("F3")
    screen.see("learner@bench")
    screen.type("echo mine > mine.txt; echo wri''tten")
    screen.see("written")
    record = Record(screen.data / "progress.sqlite")
    (row,) = record.open_sessions()
    record.close()
    name = f"infralab-{row.id}"
    subprocess.run(["docker", *words, name], capture_output=True, check=True, timeout=60)
    screen.see("✘ failed", "Try again", "What to do now")
    screen.press("Enter")
    screen.see("● ready", "learner@bench")
    # The old shell may end a moment later; Enter starts a new one then.
    for _ in range(10):
        screen.type("cat mine.txt; echo ca''t done")
        with suppress(AssertionError):
            screen.see("cat done", limit=6)
            break
    screen.see("cat done")
    # Only a bench that was removed had its files in it.
    assert ("mine" in [line.strip() for line in screen.text.splitlines()]) is (words[0] != "rm")


def test_a_bench_that_stopped_is_come_back_to_without_a_key_and_told(screen: Screen) -> None:
    """As when the engine restarts: nobody presses anything."""
    screen.start("namespaces", "--seed", SEED)
    screen.see("● ready", "F6 Zoom")
    screen.press("F3")
    screen.see("learner@bench")
    screen.type("echo mine > mine.txt; echo wri''tten")
    screen.see("written")
    record = Record(screen.data / "progress.sqlite")
    (row,) = record.open_sessions()
    record.close()
    name = f"infralab-{row.id}"
    subprocess.run(["docker", "kill", name], capture_output=True, check=True, timeout=60)
    screen.see("Meanwhile")
    screen.see("● ready")
    for _ in range(10):
        screen.type("cat mine.txt; echo ca''t done")
        with suppress(AssertionError):
            screen.see("cat done", limit=6)
            break
    screen.see("cat done", "mine")


def test_a_solution_is_typed_where_it_can_be_watched_and_is_given(screen: Screen) -> None:
    screen.start("namespaces", "ipc", "--seed", SEED)
    screen.see("● ready", "learner@bench", "F6 Zoom")
    screen.press("F3")
    screen.type("cd /; echo as''leep; sleep 987")
    screen.see("asleep")
    screen.press("F2", "S-F9")
    screen.see("Typing a solution yourself")
    screen.press("Tab", "Enter")
    screen.see("`sleep` runs in your shell", " solution ")
    screen.see("typing the solution, line 1 of 1", "$ sudo unshare --ipc")
    # A command of two lines, of which the shell takes one after the other.
    screen.see("1/1 tasks", "The solution is typed", "$ for try in")
    record = Record(screen.data / "progress.sqlite")
    (row,) = record.open_sessions()
    assert [(task.passed, task.given) for task in record.tasks(row.id)] == [(True, True)]
    assert [moment.what for moment in record.moments(row.id)] == ["enter", "type", "typed"]
    record.close()


@pytest.mark.vm
def test_a_vm_step_to_green(screen: Screen) -> None:
    lesson = load_course().lesson("kvm-and-virsh")
    step = next(
        s for s in lesson.steps if s.lab_step and s.tasks and "libvirt" in s.lab_step.daemons
    )
    screen.start("kvm-and-virsh", step.name, "--seed", SEED)
    screen.see("● ready", "learner@bench", limit=300)
    screen.press("F3")
    for line in solution("kvm-and-virsh", step.name):
        screen.type(line)
    screen.see(f"{len(step.tasks)}/{len(step.tasks)} tasks", limit=300)
