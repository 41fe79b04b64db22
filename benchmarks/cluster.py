"""Seconds to grade a submission by one worker of a cluster, and by two."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from benchmarks import grading, measure, place
from benchmarks.measure import Aim, Comparison, Result, Timing

LESSON: Final = "namespaces"
WORKERS: Final = 2
WAITS: Final = 20
"""Seconds of a command that needs no processor, in the work that is bound by waiting."""
BEGIN_SECONDS: Final = 120
ROOT: Final = Path(__file__).parents[1]


@contextmanager
def running(folder: Path, name: str, *words: str) -> Iterator[None]:
    """A program of Python's that is ended with us."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "INFRALAB_DATA_DIR": str(folder / name)}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=folder, stdout=log, stderr=log,
            env={**env, "INFRALAB_BENCH_MEMORY": "1g"},
        )  # fmt: skip
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(BEGIN_SECONDS)


def wait_for(path: Path, text: str) -> str:
    end = time.monotonic() + BEGIN_SECONDS
    while time.monotonic() < end:
        if path.exists() and text in (said := path.read_text(errors="replace")):
            return said
        time.sleep(0.1)
    raise place.Failed(f"{path.name} never said {text!r}")


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """The address of a scheduler with so many workers, each with one bench, all of them warm."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        told = folder / "scheduler.json"
        words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        stack.enter_context(
            running(folder, "scheduler", "dask", "scheduler", *words, "--scheduler-file", str(told))
        )
        address = str(json.loads(wait_for(told, "address"))["address"])
        for number in range(workers):
            one = f"worker{number}"
            words = (address, "--benches", "1", "--isolation", "container")
            stack.enter_context(running(folder, one, "lab_engine", "worker", *words))
            wait_for(folder / f"{one}.log", "Registered to:")
        grading.graded(LESSON, workers, "--cluster", address)
        yield address


def by(workers: int, learners: int, waits: int) -> Timing:
    with cluster(workers) as address:
        seconds = grading.graded(LESSON, learners, "--cluster", address, waits=waits)
    return Timing("one worker" if workers == 1 else f"{workers} workers", (seconds,))


def run(args: argparse.Namespace) -> Result:
    before = measure.load_now()
    learners = 2 if args.quick else args.learners
    compared = []
    for waits in (WAITS, 0):
        alone, both = by(1, learners, waits), by(WORKERS, learners, waits)
        what = f"{learners} submissions, {waits} s of each waiting"
        # An efficiency of 0.9 is 1 / (2 * 0.9) of the time.
        aim = Aim(1 / (WORKERS * 0.9), "ratio", alone.who) if waits else None
        compared.append(Comparison(what, both, (alone,), aim))
        place.tell(compared[-1])
    return Result(
        "cluster",
        measure.machine(before),
        tuple(compared),
        notes=(
            f"Seconds a submission of {LESSON} ({grading.WORK[LESSON]}), the start of the client "
            "included. The workers share this machine, its engine and its processors.",
            "The aim is a parallel efficiency of 0.9 with two workers on work bound by waiting.",
        ),
    )


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--learners", type=int, default=8)


if __name__ == "__main__":
    raise SystemExit(place.main(__doc__ or "", run, options))
