"""A class of twelve with a gradebook and what they handed in, made without any bench."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from lab_engine.common import digest
from lab_engine.course.verdict import Outcome
from lab_engine.grading.classroom import Classroom
from lab_engine.grading.gradebook.book import Gradebook, Word
from lab_engine.grading.gradebook.graded import Graded
from lab_engine.grading.roster.learner import Learner, Roster
from lab_engine.grading.submission.handed import Handed
from tests.grading import made

NAMES: Final = (
    "Ada Lovelace", "Bob Kahn", "Cyd Charisse", "Dan Bricklin", "Eve Polastri", "Fay Wray",
    "Gus Grissom", "Hal Abelson", "Ida Rhodes", "Joe Ossanna", "Kay McNulty", "Lee Felsenstein",
)  # fmt: skip
ASSIGNMENT: Final = """\
id = "week-3"
title = "Walls of a container"
due = 2027-01-15T09:00:00Z
points = 20

[[lessons]]
slug = "bridges"
"""
TYPED: Final = (
    "docker network ls",
    "docker network create -d bridge br_41",
    "docker run -d --name web --network br_41 nginx",
    "docker ps",
)
RIGHT: Final = ("ada", "ida", "joe")
TOLD: Final[dict[str, dict[str, Any]]] = {
    "bob": {"late": "12 h 00 min late: 10 % less", "received": made.BEGAN + 43_200},
    "cyd": {"outcome": "diverged", "earned": 0.0, "notes": ("bridges: its seed is that of ada",)},
    "dan": {"outcome": "not replayable", "earned": None},
}
WHY: Final = {
    "diverged": "diverged at step 1: create passed for the learner and fails now",
    "not replayable": "not replayable: input was typed that is not recorded",
}


def handed_in() -> Handed:
    """A session of a minute, with a mistake that was mended and one that was not."""
    return made.part(
        made.told("create", Outcome.FAIL, at=made.BEGAN + 1.5),
        made.told("create", at=made.BEGAN + 2.5),
        made.told("run", Outcome.FAIL, at=made.BEGAN + 3.5, reason="other-network"),
        typed=TYPED,
        work={"notes.txt": b"done\n", "site/index.html": b"<h1>web</h1>\n"},
    )


def graded(who: str, sha256: str, *, odd: bool) -> Graded:
    """`odd` decides which of the two mistakes it is."""
    fields = TOLD.get(who, {})
    outcome = fields.get("outcome", "reproduced")
    right = who in RIGHT
    run = made.task("run", recorded="pass") if right else made.task(
        "run", "fail", recorded="fail", reason="other-network" if odd else "absent",
        expected="a container web in the network br_41",
        observed="the container web is in the network bridge",
        look="docker network inspect br_41",
        explanation="You left out --network: Docker put it into its own bridge.",
    )  # fmt: skip
    lesson = made.lesson_grade(
        made.task("create", recorded="pass"), run, outcome=outcome, message=WHY.get(outcome, "")
    )
    own = {"submission": sha256, "file": f"{who}.zip", "earned": 20.0 if right else 10.0}
    return made.graded(who, lesson, **(own | fields))


def a_class(folder: Path) -> Classroom:
    """The class in `folder/net-27`, `folder/week-3.toml`, `folder/handed-in`."""
    room = Classroom.new(folder / "net-27")
    ids = [name.split()[0].lower() for name in NAMES]
    learners = tuple(Learner(who, name) for who, name in zip(ids, NAMES, strict=True))
    room.keep(Roster("plain", ("login", "name"), learners))
    (folder / "week-3.toml").write_text(ASSIGNMENT)
    (folder / "handed-in").mkdir()
    with Gradebook.writing(room.gradebook) as book:
        for number, who in enumerate(ids):
            if who in ("eve", "fay"):
                continue
            data = made.packed(handed_in(), learner=who, assignment="week-3")
            (folder / "handed-in" / f"{who}.zip").write_bytes(data)
            book.add(graded(who, digest.of_bytes(data), odd=bool(number % 2)))
        at = made.BEGAN + 90_000
        book.say(Word("gus", "week-3", "override", 12.0, "Shown to me in the lab.", "prof", at))
        book.say(Word("hal", "week-3", "comment", None, "See me about names.", "prof", at))
    return room
