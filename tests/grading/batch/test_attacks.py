"""What a learner may type to be given points without the work: caught, or harmless.

What deceives who looks is tried one by one in `test_beside.py`: an agent that lies, a daemon of the
learner's, states that are there only while somebody looks. Files that were tampered with are in
`tests/grading/submission/test_refused.py`; other people's records and seeds in `test_bench.py` and
`tests/grading/insight`.
"""

from __future__ import annotations

import json
import tomllib
from functools import partial
from pathlib import Path

import pytest

from lab_engine.course.lesson import load_course
from lab_engine.course.seed import Seed
from lab_engine.grading.assignment import terms
from lab_engine.grading.batch import graders, run
from lab_engine.grading.batch.run import Wanted
from lab_engine.grading.classroom import Classroom
from lab_engine.grading.gradebook.book import Gradebook
from lab_engine.grading.submission import gather, handed
from lab_engine.session.record import Record
from lab_engine.settings import Settings
from tests.grading import made
from tests.grading.batch.test_bench import WEEK, changed, work

NO_POINTS = {"diverged", "not replayable"}
A_PERSON = {"not replayable"}
HARMLESS = {"reproduced"}
INSTEAD: list[tuple[str, set[str], list[str]]] = [
    ("another process of that name", NO_POINTS,
     ["(exec -a 'sleep @{uts_seconds}' tail -f /dev/null) &"]),
    ("the name without the wall", NO_POINTS,
     ["sudo hostname @{hostname}", "sleep @{uts_seconds} &"]),
    ("the agent killed", NO_POINTS, ["sudo pkill -9 -f lab_engine.agent"]),
    ("the agent frozen", NO_POINTS, ["sudo pkill -STOP -f lab_engine.agent"]),
    ("another python3", NO_POINTS, ["sudo cp /usr/bin/true $(readlink -f /usr/bin/python3)"]),
    ("a mount over /proc", NO_POINTS, ["sudo mkdir /tmp/p", "sudo mount --bind /tmp/p /proc"]),
    ("two hundred megabytes of output", NO_POINTS, ["yes 0123456789 | head -c 200M"]),
    ("a command that never ends", NO_POINTS, ["sleep 100000"]),
    ("a call for help", NO_POINTS, ["curl -m 2 http://192.0.2.1/ || echo nobody"]),
    ("a preload of one's own", NO_POINTS, ["LD_PRELOAD=/tmp/x.so bash"]),
]  # fmt: skip
"""In place of all work: the record claims that it passed."""
BESIDE: list[tuple[str, set[str], list[str]]] = [
    ("a preload for all", A_PERSON, ["echo /tmp/none.so | sudo tee /etc/ld.so.preload"]),
    ("the agent's files patched", A_PERSON,
     ["echo '#' | sudo tee -a /opt/infralab/lib/lab_engine/agent/server.py > /dev/null"]),
    ("another ip", A_PERSON, ["sudo cp /usr/bin/true $(readlink -f $(which ip))"]),
    ("another docker", A_PERSON, ["sudo cp /usr/bin/true /usr/bin/docker"]),
    ("another docker, by a mount", A_PERSON, ["sudo mount --bind /usr/bin/true /usr/bin/docker"]),
    ("a loop in the background", HARMLESS, ["while sleep 1; do :; done &"]),
    ("the clock set", HARMLESS, ["sudo date -s 2001-01-01"]),
    ("escape codes and odd names", HARMLESS,
     ["printf '\\033]0;x\\007\\033[2J'", "touch ~/work/$'\\xff\\x1b[2J'"]),
]  # fmt: skip
"""Before work that would have been right."""


def typing(data: bytes, lines: list[str], *, alone: bool) -> bytes:
    """A recording in which `lines` are typed before all else, or `alone`."""
    head, *events = data.splitlines(keepends=True)
    kinds = [json.loads(event)[1] for event in events]
    first = kinds.index("i")
    at = json.loads(events[first])[0]
    more: list[list[object]] = []
    for line in lines:
        more += [[at, "i", f"{line}\r"], [at, "m", '{"mark": "prompt"}']]
    rest = [event for event, kind in zip(events, kinds, strict=True) if not alone or kind == "m"]
    fresh = [json.dumps(event).encode() + b"\n" for event in more]
    return b"".join([head, *events[:first], *fresh, *rest[0 if alone else first :]])


@pytest.mark.bench
@pytest.mark.slow
@pytest.mark.sessions
@pytest.mark.timeout(3600)
async def test_none_has_points_for_it(
    image_tag: str, record: Record, settings: Settings, tmp_path: Path
) -> None:
    course, week = load_course(), terms.parse(tomllib.loads(WEEK), where="week-3.toml")
    room = Classroom.new(tmp_path / "net")
    room.keep(made.ROSTER)
    seed = room.seed("week-3", "ada")
    values = course.lesson("namespaces").variables(Seed(seed)).as_text()
    honest = await work(seed, record, settings)
    paths: dict[str, set[str]] = {}
    for attacks, alone in ((INSTEAD, True), (BESIDE, False)):
        for name, allowed, lines in attacks:
            filled = lines
            for key, value in values.items():
                filled = [line.replace(f"@{{{key}}}", value) for line in filled]
            part = changed(honest, partial(typing, lines=filled, alone=alone))
            path = tmp_path / f"{name.replace(' ', '-').replace('/', '')}.zip"
            manifest = gather.manifest(course, "ada", [part], "week-3")
            path.write_bytes(handed.pack(manifest, (part,)))
            paths[path.name] = allowed
    asked = Wanted(course, week, room, graders.of(course, week), settings, benches=2)
    with Gradebook.writing(room.gradebook) as book:
        report = await run.run(sorted(tmp_path.glob("*.zip")), asked, book, print)
    assert len(report.graded) == len(paths)
    wrong = [
        f"{one.file}: {one.outcome}, {one.earned}: {one.message}"
        for one in report.graded
        if one.outcome not in paths[one.file] or bool(one.earned) != (paths[one.file] == HARMLESS)
    ]
    assert wrong == []
    assert all(note.isprintable() for one in report.graded for note in one.lessons[0].notes)
