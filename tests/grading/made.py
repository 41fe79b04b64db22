"""Submissions for tests, as a learner's machine makes them."""

from __future__ import annotations

import json
from typing import Any

from lab_engine.common import digest
from lab_engine.common.evidence import Evidence
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.grading.gradebook.graded import Graded, LessonGrade, TaskGrade, TaskOutcome
from lab_engine.grading.roster.learner import Learner, Roster
from lab_engine.grading.submission import handed
from lab_engine.grading.submission.handed import Handed
from lab_engine.grading.submission.manifest import Happened, Hinted, Manifest, Part, Past, Told

BEGAN = 1_800_000_000.0
NOTES = b"what I saw\n"


def cast(*typed: str, began: float = BEGAN) -> bytes:
    """A recording of a bash in the bench, one line a second."""
    header = {
        "version": 2,
        "width": 80,
        "height": 24,
        "infralab": {"place": "bench", "argv": ["bash", "-l"], "began": began},
    }
    lines: list[object] = [header, [0.1, "m", '{"mark": "prompt"}']]
    for second, text in enumerate(typed, 1):
        lines.append([float(second), "i", f"{text}\r"])
        lines.append([second + 0.1, "o", f"{text}\r\n"])
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def told(
    task: str, outcome: Outcome = Outcome.PASS, *, at: float = BEGAN + 5, reason: str = "absent"
) -> Told:
    evidence = None
    if outcome is Outcome.FAIL:
        evidence = Evidence(reason, expected="a network", observed="none")
    return Told(at, "one", task, outcome, False, Verdict(task, outcome, 2, evidence))


def part(
    *verdicts: Told,
    lesson: str = "bridges",
    session: str = "3fa2b1c0",
    seed: str = "seven",
    typed: tuple[str, ...] = ("docker network create a",),
    work: dict[str, bytes] | None = None,
    hints: tuple[Hinted, ...] = (),
) -> Handed:
    files = {"notes.txt": NOTES} if work is None else work
    return Handed(
        Part(lesson, session, seed, "assessed", "0" * 64, {"one": "1" * 64}, {}),
        Past(
            BEGAN,
            BEGAN + 60,
            None,
            (Happened(BEGAN + 0.5, "enter", "one"),),
            verdicts or (told("create", Outcome.FAIL, at=BEGAN + 2), told("create")),
            hints,
            (),
            {name: digest.of_bytes(data) for name, data in files.items()},
        ),
        {"20270115-1.cast": cast(*typed)},
        {digest.of_bytes(data): data for data in files.values()},
    )


def manifest(
    *parts: Handed, learner: str = "ada", assignment: str = "", made: float = BEGAN + 100
) -> Manifest:
    return Manifest(
        "infralab submission",
        1,
        made,
        "0.1.0",
        learner,
        "2" * 64,
        "abcdef012345",
        tuple(one.part for one in parts),
        assignment,
    )


def packed(*parts: Handed, learner: str = "ada", assignment: str = "") -> bytes:
    parts = parts or (part(),)
    return handed.pack(manifest(*parts, learner=learner, assignment=assignment), parts)


ROSTER = Roster(
    "plain",
    ("login", "name"),
    tuple(
        Learner(who, who.capitalize(), row={"login": who}) for who in ("ada", "bob", "cyd", "dan")
    ),
)


def task(name: str = "create", outcome: TaskOutcome = "pass", **fields: Any) -> TaskGrade:
    return TaskGrade("one", name, 2, outcome, **fields)


def lesson_grade(*tasks: TaskGrade, **fields: Any) -> LessonGrade:
    told: dict[str, Any] = {
        "lesson": "bridges", "title": "Bridges", "session": "3fa2b1c0", "outcome": "reproduced",
        "message": "", "tasks": tasks or (task(),),
    }  # fmt: skip
    return LessonGrade(**(told | fields))


def graded(learner: str = "ada", *lessons: LessonGrade, **fields: Any) -> Graded:
    told: dict[str, Any] = {
        "submission": f"{learner}-1", "seal": "5" * 64, "file": f"{learner}.zip",
        "learner": learner, "assignment": "week-3", "received": BEGAN, "by": "claimed",
        "made": BEGAN, "outcome": "reproduced", "earned": 10.0, "possible": 20.0, "late": "",
        "lessons": lessons or (lesson_grade(),), "edition": "e1", "image": "i1",
        "program": "0.1.0", "at": BEGAN + 5,
    }  # fmt: skip
    return Graded(**(told | fields))
