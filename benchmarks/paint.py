"""From the end of the learner's command to the sign on the screen that its task is done, or not."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks import measure, place
from benchmarks.measure import Aim, Comparison, Result, Timing
from benchmarks.tui import Terminal, opened
from lab_engine.bench.container import Bench
from lab_engine.course.lesson import load_course
from lab_engine.course.seed import Seed
from lab_engine.session.record import Record

LESSON: Final = "namespaces"
STEP: Final = "look"
SEED: Final = "paint"
WORD: Final = "odd"
"""The variable of the step that its first task wants in a file."""
SIZES: Final = ((80, 24), (160, 50))
LOADS: Final = (0, 4)
ENDS: Final = "/tmp/ends"
READY: Final = "● ready".encode()
DONE, OPEN = b"1/2 tasks", b"0/2 tasks"
"""What the bar at the top says; it is drawn with the cards, and the same at each size."""
PAUSE: Final = 0.6
LIMIT: Final = 0.1


@contextmanager
def load(programs: int) -> Iterator[None]:
    """So many programs that do nothing but compute."""
    running = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(programs)
    ]
    try:
        yield
    finally:
        for one in running:
            one.kill()
            one.wait()


def painted(size: tuple[int, int], rounds: int, programs: int) -> list[float]:
    """Seconds from the end of each command to the sign of its task, on a PTY of this size."""
    lesson = load_course().lesson(LESSON)
    word = getattr(lesson.variables(Seed(SEED)), WORD)
    with tempfile.TemporaryDirectory() as data:
        environment = {"INFRALAB_DATA_DIR": data, "INFRALAB_BENCH_AHEAD": "off"}
        argv = [sys.executable, "-m", "lab_engine", "learn", LESSON, STEP, "--seed", SEED]
        try:
            with opened(argv, environment, size) as terminal:
                terminal.until(READY)
                terminal.leave(3.0)
                # The shell; at 80 by 24 the strip of the task stays in sight.
                terminal.key("\x1bOR")
                terminal.leave(1.0)
                with load(programs):
                    seen = [_turn(terminal, word, number) for number in range(rounds)]
                ended = [float(line) for line in _bench(Path(data)).splitlines()]
        finally:
            place.remove_benches(data)
    if len(ended) != len(seen):
        raise place.Failed(f"{len(ended)} commands ended, {len(seen)} were painted")
    return [shown - end for shown, end in zip(seen, ended, strict=True)]


def _turn(terminal: Terminal, word: str, number: int) -> float:
    """Do or undo the task; the moment of its sign, in seconds since 1970."""
    do = f"echo {word} > odd.txt" if number % 2 == 0 else "rm odd.txt"
    # One line: the time is taken when the command has ended, and costs no program.
    terminal.key(f"{do}; echo $EPOCHREALTIME >> {ENDS}\r")
    shown = terminal.until(DONE if number % 2 == 0 else OPEN)
    moment = time.time() - (time.perf_counter() - shown)
    terminal.leave(PAUSE)
    return moment


def _bench(data: Path) -> str:
    record = Record(data / "progress.sqlite")
    (row,) = record.open_sessions()
    record.close()
    found = Bench.find(row.id)
    if found is None:
        raise place.Failed("the lesson has no bench any more")
    return place.do(found, ["cat", ENDS])


def run(args: argparse.Namespace) -> Result:
    before = measure.load_now()
    rounds = 4 if args.quick else args.rounds
    comparisons = []
    for size in SIZES[:1] if args.quick else SIZES:
        for programs in LOADS[:1] if args.quick else LOADS:
            times = painted(size, rounds, programs)
            what = f"{size[0]} x {size[1]}" + (
                f", beside {programs} busy programs" if programs else ""
            )
            comparisons.append(
                Comparison(what, Timing("infralab", tuple(times)), (), Aim(LIMIT, "p95"))
            )
    return Result(
        "paint",
        measure.machine(before),
        tuple(comparisons),
        notes=(
            f"The first task of `{LESSON}`: a file with a word is written and removed in turn, in "
            "the lesson's own shell. From the end of the command, by the shell's clock, until the "
            "bar's new count was written to the PTY.",
        ),
    )


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=40, help="there and back count as two")


if __name__ == "__main__":
    raise SystemExit(place.main(__doc__ or "", run, options))
