"""What the gradebook costs when it is long: each grading written, a class's marks read."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks import measure, place
from benchmarks.measure import Comparison, Result, Timing
from lab_engine.common import digest
from lab_engine.grading.gradebook.book import Gradebook
from lab_engine.grading.gradebook.graded import Graded, LessonGrade, TaskGrade

PART = 10
"""The first and the last tenth are compared."""
TASKS = 12
"""Of a lesson, about as many as those of the course have."""


def graded(number: int) -> Graded:
    """A grading as a batch writes it, of a lesson with a dozen tasks."""
    tasks = tuple(
        TaskGrade(
            "one", f"task{n}", 2, "pass", "pass", expected="a network of that name",
            observed="It is there.", look="docker network inspect lan",
        )
        for n in range(TASKS)
    )  # fmt: skip
    lesson = LessonGrade("bridges", "Bridges", "3fa2b1c0", "reproduced", "", tasks, seconds=5.0)
    name = f"learner{number}"
    sha = digest.of_bytes(name.encode())
    return Graded(
        sha, sha, f"{name}.zip", name, "week-1", 0.0, "claimed", 0.0, "reproduced", 24.0, 24.0, "",
        (lesson,), "e1", "i1", "0.1.0", 0.0,
    )  # fmt: skip


def run(args: argparse.Namespace) -> Result:
    before = measure.load_now()
    count = 200 if args.quick else args.rows
    times: list[float] = []
    reads: dict[str, list[float]] = {"a tenth": [], "all": []}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gradebook.sqlite"
        with Gradebook.writing(path) as book:
            for number in range(count):
                one = graded(number)
                began = time.perf_counter()
                book.add(one)
                times.append(time.perf_counter() - began)
                for when, name in ((count // PART, "a tenth"), (count, "all")):
                    if number + 1 == when:
                        began = time.perf_counter()
                        found = len(book.latest("week-1"))
                        reads[name].append(time.perf_counter() - began)
                        if found != when:
                            raise place.Failed(f"the gradebook has {found} of {when} gradings")
    tenth = count // PART
    first = Timing(f"the first {tenth}", tuple(times[:tenth]))
    last = Timing(f"the last {tenth}", tuple(times[-tenth:]))
    few = Timing(f"of {tenth}", tuple(reads["a tenth"]))
    every = Timing(f"of {count}", tuple(reads["all"]))
    return Result(
        "gradebook",
        measure.machine(before),
        (
            Comparison("a grading written", last, (first,)),
            Comparison("everybody's last grading read", every, (few,)),
        ),
        notes=(
            f"{count} gradings of a lesson with {TASKS} tasks, each in a transaction of its own.",
        ),
    )


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=10_000)


if __name__ == "__main__":
    raise SystemExit(place.main(__doc__ or "", run, options))
