"""Command lines, environments and ends that nobody should have to think about."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from lab_engine.doctor.here import configuration
from lab_engine.doctor.machine import Machine, State
from lab_engine.session.record import Record

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parents[2]


def infralab(home: Path, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab_engine", *argv],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(home), **env},
        capture_output=True,
        encoding="latin-1",
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("up", "namespaces", "nope"), "has no step 'nope'"),
        (("up", "namespaces", "99"), "has no step '99'"),
        (("prove", "namespaces", "--step", "nope"), "no step is called nope"),
        (("prove", "namespaces", "--step", "uts", "--case", "nope"), "no case has 'nope'"),
        (("prove", "namespaces", "--case", "as", "--record"), "a part of a step"),
        (("learn", "--plain", "namespaces", "nope"), "has no step 'nope'"),
        (("lint", "nope"), "there is no lesson 'nope'"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_made(
    tmp_path: Path, argv: tuple[str, ...], words: str
) -> None:
    # No engine could be reached from here: whoever asks for one fails with 3.
    done = infralab(tmp_path, *argv, DOCKER_HOST="unix:///nowhere.sock")
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "env",
    [
        {"INFRALAB_DATA_DIR": "~nosuchuser/x"},
        {"INFRALAB_CACHE_DIR": "~nosuchuser"},
        {"INFRALAB_BENCH_MEMORY": "999999999g"},
        {"INFRALAB_BENCH_CPUS": "two"},
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_is_refused_by_verbs_and_seen_by_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env: dict[str, str]
) -> None:
    up = infralab(tmp_path, "up", "namespaces", **env)
    assert (up.returncode, next(iter(env)) in up.stderr) == (2, True), up.stderr
    assert "Traceback" not in up.stderr
    for name, value in {"HOME": str(tmp_path), **env}.items():
        monkeypatch.setenv(name, value)
    found = configuration(Machine())
    assert found.state is State.MISSING
    assert next(iter(env)) in found.found


def test_doctor_goes_on_with_a_setting_that_cannot_be(tmp_path: Path) -> None:
    doctor = infralab(tmp_path, "doctor", INFRALAB_CACHE_DIR="~nosuchuser")
    assert doctor.returncode == 3
    assert "Settings  " in doctor.stdout
    assert "INFRALAB_CACHE_DIR" in doctor.stdout
    assert "Docker client" in doctor.stdout
    assert "Traceback" not in doctor.stderr


def test_a_locale_without_a_tick_mark_costs_the_mark_alone(tmp_path: Path) -> None:
    done = infralab(tmp_path, "doctor", PYTHONIOENCODING="latin-1")
    assert "Docker client" in done.stdout
    assert "Traceback" not in done.stderr
    assert "unexpected" not in done.stderr


def test_lessons_say_how_far_one_is_and_write_nothing(tmp_path: Path) -> None:
    data = tmp_path / ".local/share/infralab"
    assert "steps done" not in infralab(tmp_path, "lessons").stdout
    assert not data.exists()
    data.mkdir(parents=True)
    record = Record(data / "progress.sqlite")
    record.begin("s1", "namespaces", "seed")
    record.close()
    assert "steps done" in infralab(tmp_path, "lessons").stdout
    assert "0 of 8 steps done" in infralab(tmp_path, "lessons", "namespaces").stdout


def test_without_a_terminal_the_course_goes_line_by_line(tmp_path: Path) -> None:
    done = infralab(tmp_path, "learn", "namespaces", "nope")
    assert "the screens need a terminal, so this goes line by line" in done.stderr
    # It went on: the plain walk refuses the step.
    assert (done.returncode, "has no step 'nope'" in done.stderr) == (2, True), done.stderr


@pytest.mark.timeout(120)
def test_on_a_terminal_that_can_only_print_too(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = _screens(tmp_path, theirs, "namespaces", "nope", TERM="dumb")
    try:
        assert process.wait(timeout=90) == 2
        seen = _read(ours)
    finally:
        os.close(ours)
        os.close(theirs)
    assert b"can only print (TERM=dumb)" in seen
    assert b"has no step 'nope'" in seen
    assert b"\x1b" not in seen


def _screens(
    home: Path, terminal: int, *words: str, TERM: str = "xterm-256color"
) -> subprocess.Popen[bytes]:
    # `setsid --ctty` makes it the terminal's own, which is told when the terminal goes.
    return subprocess.Popen(
        ["setsid", "--ctty", sys.executable, "-m", "lab_engine", "learn", *words],
        cwd=ROOT,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TERM": TERM,
            "COLUMNS": "100",
            "LINES": "30",
        },
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.timeout(120)
def test_the_screens_leave_a_clean_terminal(tmp_path: Path, number: signal.Signals) -> None:
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    process = _screens(tmp_path, theirs)
    seen = b""
    try:
        deadline = time.monotonic() + 60
        while b"Namespaces" not in seen and time.monotonic() < deadline:
            seen += _read(ours)
        assert b"\x1b[?1049h" in seen
        process.send_signal(number)
        while process.poll() is None and time.monotonic() < deadline:
            seen += _read(ours)
        seen += _read(ours)
        assert process.wait(30) == 128 + number
        assert seen.rindex(b"\x1b[?1049l") > seen.rindex(b"\x1b[?1049h")
        assert termios.tcgetattr(theirs)[3] == before[3]
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


@pytest.mark.timeout(120)
def test_the_screens_end_with_a_terminal_that_had_stopped_to_read(tmp_path: Path) -> None:
    """As one does that is on the other side of a lost connection."""
    ours, theirs = pty.openpty()
    process = _screens(tmp_path, theirs)
    os.close(theirs)
    try:
        deadline = time.monotonic() + 60
        seen = b""
        # A part of the first screen; the rest waits, as a terminal holds but 4 KiB.
        while len(seen) < 2000 and time.monotonic() < deadline:
            seen += os.read(ours, 1024)
        time.sleep(3)
        process.send_signal(signal.SIGHUP)
        time.sleep(1)
        os.close(ours)
        assert process.wait(30) != 0
    finally:
        process.kill()
        process.wait()


def _read(terminal: int) -> bytes:
    if select.select([terminal], [], [], 0.2)[0]:
        return os.read(terminal, 65536)
    return b""
