"""`docs/instructor.md` is true: its commands are run, with a class of twelve."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
import pytest

from lab_engine.cli import frame
from lab_engine.course.lesson import load_course
from lab_engine.course.seed import Seed
from lab_engine.grading.classroom import Classroom
from lab_engine.grading.submission import gather, handed
from lab_engine.grading.submission.handed import Handed
from lab_engine.session.record import Record
from lab_engine.settings import Settings
from tests.grading import worked
from tests.grading.batch.test_bench import work

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "instructor.md").read_text(encoding="utf-8")
COMMANDS: Final = [
    shlex.split(line)[1:]
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
DAY: Final = 24 * 3600.0


def file(name: str) -> str:
    found = re.search(rf"`{re.escape(name)}`:\n\n```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_each_command_is_one() -> None:
    assert len(COMMANDS) > 12
    for words in COMMANDS:
        parsed = frame.parser((words[0],)).parse_args(words)
        assert parsed.verb == words[0]


def infralab(folder: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "lab_engine", *words],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "INFRALAB_DATA_DIR": str(folder / "data"),
            "INFRALAB_BENCH_MEMORY": "1g",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2400,
        check=False,
    )
    print("$ infralab", *words, "\n", done.stdout, done.stderr, flush=True)
    assert done.returncode == code, done.stderr
    return done.stdout


def hand_in(folder: Path, who: str, part: Handed, *, made: float | None = None) -> None:
    manifest = gather.manifest(load_course(), who, [part], "week-3")
    manifest = msgspec.structs.replace(manifest, made=made or manifest.made)
    (folder / f"{who}.zip").write_bytes(handed.pack(manifest, (part,)))


def all_hand_in(folder: Path, room: Classroom, recorded: Handed, due: float) -> None:
    """Honest (five), late, copied, forged, broken, nothing, an empty one, and one mistake."""
    lesson = load_course().lesson("namespaces")

    def values(who: str) -> dict[str, str]:
        return lesson.variables(Seed(room.seed("week-3", who))).as_text()

    def own(who: str, number: int) -> Handed:
        seed = room.seed("week-3", who)
        return worked.typed_by(recorded, number, seed, values("ada"), values(who))

    hand_in(folder, "ada", recorded)
    for number, who in enumerate(worked.HONEST[1:], 1):
        hand_in(folder, who, own(who, number))
    hand_in(folder, "bob", own("bob", 6), made=due + DAY / 2)
    hand_in(folder, "cyd", recorded)
    hand_in(folder, "dan", worked.forged(own("dan", 7)))
    (folder / "eve.zip").write_bytes((folder / "ada.zip").read_bytes()[:-500])
    hand_in(folder, "gus", worked.empty(own("gus", 8)))
    hand_in(folder, "hal", worked.without(own("hal", 9), "hostname "))


POINTS: Final = {
    **dict.fromkeys(worked.HONEST, "20"),
    "bob": "18", "cyd": "0", "dan": "0", "eve": "", "fay": "", "gus": "12", "hal": "0",
}  # fmt: skip
STATES: Final = {
    **dict.fromkeys((*worked.HONEST, "bob", "hal"), "reproduced"),
    "cyd": "diverged", "dan": "diverged", "eve": "nothing handed in", "fay": "nothing handed in",
    "gus": "overridden",
}  # fmt: skip


@pytest.mark.bench
@pytest.mark.slow
@pytest.mark.sessions
@pytest.mark.timeout(3600)
async def test_a_class_of_twelve(
    image_tag: str, record: Record, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text(file("list.csv"))
    # The work is done today, and one of them hands it in half a day later.
    due = time.time() + 3600
    week = re.sub(r"due = .*", f"due = {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(due))}",
                  file("week-3.toml"))  # fmt: skip
    (tmp_path / "week-3.toml").write_text(re.sub(r"zone = .*\n", "", week))
    said: dict[str, str] = {}
    for words in COMMANDS:
        if words[0] == "grade":
            room = Classroom.at(tmp_path / "net-27")
            (tmp_path / "handed-in").mkdir()
            recorded = await work(room.seed("week-3", "ada"), record, settings)
            all_hand_in(tmp_path / "handed-in", room, recorded, due)
        code = 1 if words[0] == "grade" else 0
        said[" ".join(words[:2])] = infralab(tmp_path, *words, code=code)

    rows = list(csv.DictReader((tmp_path / "grades.csv").read_text().splitlines()))
    assert {row["learner"]: row["state"] for row in rows} == STATES
    assert {row["learner"]: row["earned"] for row in rows} == POINTS
    assert "refused: " in said["grade handed-in"]
    assert "certain: ada and cyd: the same recording" in said["copies handed-in"]
    assert "namespaces/uts/own-name" in said["gradebook mistakes"]
    assert "override to 12 by prof" in said["gradebook history"]
    assert "infralab learn namespaces uts" in (tmp_path / "feedback" / "hal.md").read_text()
    assert "See me about network names." in (tmp_path / "feedback" / "hal.html").read_text()
    score = json.loads((tmp_path / "gradescope" / "bob" / "results.json").read_text())["score"]
    assert score == 18.0
    # Graded twice, in other benches, each comes out as it did.
    assert said["regrade handed-in"].startswith("0 of 10 come out otherwise")
