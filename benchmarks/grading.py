"""Seconds to grade a submission, typed again in a bench of its own: one at a time, and two."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import measure, place
from benchmarks.measure import Aim, Comparison, Result, Timing
from lab_engine.common import digest
from lab_engine.course import edition
from lab_engine.course.lesson import Course, Lesson, load_course
from lab_engine.course.seed import Seed
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.grading.classroom import Classroom
from lab_engine.grading.submission import gather, handed
from lab_engine.grading.submission.handed import Handed
from lab_engine.grading.submission.manifest import Happened, Part, Past, Told

ID: Final = "week-1"
WORK: Final = {
    "namespaces": "uts",
    "docker-networking": "my-bridge",
    "keeping-data": "named-volume",
}
"""Of each lesson the step that is handed in: its own kind of bench each."""
PATIENCE: Final = 3600
AT_ONCE: Final = 2


def handed_in(course: Course, lesson: Lesson, step: str, seed: str, *, waits: int = 0) -> Handed:
    """What somebody hands in who has typed the step's solution, a line a second.

    Before it they had a command that took `waits` seconds and no processor.
    """
    lab = lesson.lab.steps[step]
    lines = list(lab.solutions[0].script(lesson.variables(Seed(seed))))
    began = time.time() - 600 - waits
    told: list[Any] = [
        {
            "version": 2,
            "width": 80,
            "height": 24,
            "infralab": {"place": "bench", "argv": ["bash", "-l"], "began": began},
        }
    ]
    if waits:
        told.append([0.1, "m", json.dumps({"mark": "prompt"})])
        told.append([0.2, "i", f"sleep {waits}\r"])
        told.append([0.3, "o", f"sleep {waits}\r\n"])
    for second, line in enumerate(lines, 1 + waits):
        told.append([second, "m", json.dumps({"mark": "prompt"})])
        told.append([second + 0.1, "i", f"{line}\r"])
        told.append([second + 0.2, "o", f"{line}\r\n"])
    told.append([len(lines) + waits + 5, "m", json.dumps({"mark": "prompt"})])
    cast = b"".join(json.dumps(one).encode() + b"\n" for one in told)
    end = began + len(lines) + waits + 10
    passed = tuple(
        Told(end, step, one.task, Outcome.PASS, False, Verdict(one.task, Outcome.PASS, one.points))
        for one in lab.checks
    )
    editions = {one.name: edition.of_step(lesson, one) for one in lesson.steps}
    whole = edition.of_lesson(lesson)
    part = Part(lesson.slug, digest.of(seed)[:8], seed, "assessed", whole, editions)
    past = Past(began, end, None, (Happened(began, "enter", step),), passed)
    return Handed(part, past, {"1.cast": cast}, {})


def infralab(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "lab_engine", *words],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "INFRALAB_DATA_DIR": str(folder / "data"),
            "INFRALAB_BENCH_MEMORY": "4g",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        raise place.Failed(f"infralab {' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


def measured(lesson: Lesson) -> str:
    """The step that is handed in: that of `WORK`, else the first that the lab declares."""
    return WORK.get(lesson.slug) or next(iter(lesson.lab.steps))


def graded(lesson: str, learners: int, *how: str, waits: int = 0) -> float:
    """Seconds a submission, all of them together, with `how` as further words of `infralab grade`.

    Raises Failed when one is not reproduced.
    """
    course = load_course()
    step = measured(course.lesson(lesson))
    who = [f"learner{number}" for number in range(learners)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        infralab(folder, "class", "new", "room")
        (folder / "list.csv").write_text("login,name\n" + "".join(f"{w},{w}\n" for w in who))
        infralab(folder, "class", "import", "list.csv", "--class", "room")
        (folder / "week.toml").write_text(
            f'id = "{ID}"\ntitle = "Measured"\ndue = 2099-01-31T23:59:00Z\npoints = 10\n'
            f'lessons = [{{ slug = "{lesson}", steps = ["{step}"] }}]\n'
        )
        room = Classroom.at(folder / "room")
        (folder / "in").mkdir()
        for one in who:
            part = handed_in(course, course.lesson(lesson), step, room.seed(ID, one), waits=waits)
            manifest = gather.manifest(course, one, [part], ID)
            (folder / "in" / f"{one}.zip").write_bytes(handed.pack(manifest, (part,)))
        began = time.perf_counter()
        said = infralab(
            folder, "grade", "in", "--assignment", "week.toml", "--class", "room",
            *how, "--json",
        )  # fmt: skip
        seconds = time.perf_counter() - began
    outcomes = [one["outcome"] for one in json.loads(said)["graded"]]
    if outcomes != ["reproduced"] * learners:
        raise place.Failed(f"{lesson}: {outcomes}")
    return seconds / learners


def each(args: argparse.Namespace) -> Result:
    """One submission of one step of every lesson; what cannot be graded is told in a note."""
    before = measure.load_now()
    compared, notes = [], ["Seconds of one submission, the client's start included."]
    for lesson in load_course().lessons:
        if args.lessons and lesson.slug not in args.lessons:
            continue
        try:
            seconds = graded(lesson.slug, 1, "--benches", "1")
        except place.Failed as error:
            notes.append(f"{lesson.slug}: {str(error)[-300:]}")
            continue
        what = f"{lesson.slug}, {measured(lesson)}"
        compared.append(Comparison(what, Timing("infralab", (seconds,))))
        place.tell(compared[-1])
    return Result("grading", measure.machine(before), tuple(compared), notes=tuple(notes))


def run(args: argparse.Namespace) -> Result:
    if args.each:
        return each(args)
    before = measure.load_now()
    lessons: Sequence[str] = list(WORK)[:1] if args.quick else list(WORK)
    learners = 2 if args.quick else args.learners
    compared = []
    for lesson in lessons:
        alone = Timing("one bench", (graded(lesson, learners, "--benches", "1"),))
        both = Timing(f"{AT_ONCE} benches", (graded(lesson, learners, "--benches", str(AT_ONCE)),))
        # An efficiency of 0.9 is 1 / (2 * 0.9) of the time.
        aim = Aim(1 / (AT_ONCE * 0.9), "ratio", alone.who)
        compared.append(Comparison(f"{lesson}, {learners} submissions", both, (alone,), aim))
    return Result(
        "grading",
        measure.machine(before),
        tuple(compared),
        notes=(
            "Seconds a submission: verified, typed again in a fresh bench with the learner's seed, "
            f"checked, written. One step each: {', '.join(f'{k} {v}' for k, v in WORK.items())}.",
            "The aim is a parallel efficiency of 0.9 with two benches.",
        ),
    )


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--learners", type=int, default=10)
    parser.add_argument("--each", action="store_true", help="one submission of every lesson")
    parser.add_argument("--lessons", nargs="+", metavar="LESSON", help="with --each: these only")


if __name__ == "__main__":
    raise SystemExit(place.main(__doc__ or "", run, options))
