"""From Enter on the course to the first step ready: made ahead, and when it is asked for."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks import measure, place
from benchmarks.measure import Aim, Comparison, Result, Timing
from benchmarks.tui import COURSE, Terminal, opened
from lab_engine.session.record import WAITING, Record

LESSONS: Final = ("ten-web-servers", "why-containers", "docker-networking", "keeping-data")
"""Without virtual machines, and with no pack."""
READY: Final = "● ready".encode()
PATIENCE: Final = 60.0
SIDES: Final = {"made ahead": "on", "made when it is asked for": "off"}


def entered(lesson: str, ahead: str) -> float:
    """Seconds from Enter to the sign that the step is ready, on a PTY, with a fresh record."""
    argv = [sys.executable, "-m", "lab_engine", "learn"]
    with tempfile.TemporaryDirectory() as data:
        try:
            with opened(
                argv, {"INFRALAB_DATA_DIR": data, "INFRALAB_BENCH_AHEAD": ahead}
            ) as terminal:
                terminal.until(COURSE)
                terminal.key("/")
                terminal.leave(0.5)
                terminal.key(lesson)
                terminal.leave(1.0)
                # Leaves the search: the cursor is on the first lesson that it found.
                terminal.key("\r")
                terminal.leave(0.5)
                if ahead == "on":
                    _until_it_waits(terminal, Path(data), lesson)
                began = terminal.key("\r")
                return terminal.until(READY) - began
        finally:
            place.remove_benches(data)


def _until_it_waits(terminal: Terminal, data: Path, lesson: str) -> None:
    """Until its bench waits in its first step. Raises Failed when it never does."""
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end:
        record = Record(data / "progress.sqlite")
        found = [(row.lesson, row.mode) for row in record.open_sessions() if row.step]
        record.close()
        if (lesson, WAITING) in found:
            # The step is in the record a moment before the program knows.
            terminal.leave(0.5)
            return
        terminal.leave(0.1)
    raise place.Failed(f"no bench of {lesson} ever waited")


def run(args: argparse.Namespace) -> Result:
    before = measure.load_now()
    found: dict[str, list[float]] = {side: [] for side in SIDES}
    for _ in range(1 if args.quick else args.rounds):
        for lesson in LESSONS[:1] if args.quick else LESSONS:
            for side, ahead in SIDES.items():
                found[side].append(entered(lesson, ahead))
    ours, cold = (Timing(side, tuple(times)) for side, times in found.items())
    return Result(
        "entering",
        measure.machine(before),
        (
            Comparison("Enter to ready, median", ours, (cold,), Aim(1.0, "median")),
            Comparison("Enter to ready, p95", ours, (cold,), Aim(2.0, "p95")),
        ),
        notes=(
            f"Lessons in turn: {', '.join(LESSONS)}. A fresh record each time; what waits was "
            "given all the time it needs before Enter is pressed.",
        ),
    )


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=6)


if __name__ == "__main__":
    raise SystemExit(place.main(__doc__ or "", run, options))
