"""Submissions graded in real benches: an honest one, and two that are not."""

from __future__ import annotations

import asyncio
import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from lab_engine.course.lesson import load_course
from lab_engine.grading.assignment import terms
from lab_engine.grading.batch import graders, run
from lab_engine.grading.batch.run import Wanted
from lab_engine.grading.classroom import Classroom
from lab_engine.grading.gradebook.book import Gradebook
from lab_engine.grading.gradebook.graded import Graded
from lab_engine.grading.submission import gather, handed
from lab_engine.grading.submission.handed import Handed
from lab_engine.session.record import Record
from lab_engine.session.session import Session
from lab_engine.settings import Settings
from tests.grading import made
from tests.recording.hands import perform
from tests.recording.script import scripts

pytestmark = [pytest.mark.bench, pytest.mark.slow, pytest.mark.timeout(900)]

WEEK = """
id = "week-3"
title = "Walls"
due = 2099-01-31T23:59:00Z
points = 20
lessons = [{ slug = "namespaces", steps = ["uts"] }]
"""
Change = Callable[[bytes], bytes]


def changed(part: Handed, change: Change) -> Handed:
    return msgspec.structs.replace(
        part, casts={name: change(data) for name, data in part.casts.items()}
    )


def without_input(data: bytes) -> bytes:
    """All that it printed is there, and nothing was typed."""
    head, *lines = data.splitlines(keepends=True)
    return b"".join([head, *(line for line in lines if json.loads(line)[1] != "i")])


def with_another_virsh(data: bytes) -> bytes:
    """Before all else a program of the bench is replaced."""
    head, *lines = data.splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if json.loads(line)[1] == "i")
    at = json.loads(lines[first])[0]
    typed = [[at, "i", "sudo cp /usr/bin/true /usr/bin/virsh\r"], [at, "m", '{"mark": "prompt"}']]
    more = [json.dumps(line).encode() + b"\n" for line in typed]
    return b"".join([head, *lines[:first], *more, *lines[first:]])


async def work(seed: str, record: Record, settings: Settings) -> Handed:
    """A session as a learner does it, and what of it is handed in."""
    lesson = load_course().lesson("namespaces")
    session = await Session.begin(lesson, record, settings, seed=seed, mode="assessed")
    try:
        (script,) = (one for one in scripts("namespaces") if one.step == "uts" and one.usual)
        passed = await perform(session, script)
        assert passed == {"own-name"}
        row = gather.choose(record, lesson, seed=seed, mode="assessed")
        return await asyncio.to_thread(gather.handed, lesson, row, record, settings.data_dir)
    finally:
        await session.down()


async def test_a_class_of_three(
    image_tag: str, record: Record, settings: Settings, tmp_path: Path
) -> None:
    course, week = load_course(), terms.parse(tomllib.loads(WEEK), where="week-3.toml")
    room = Classroom.new(tmp_path / "net")
    room.keep(made.ROSTER)
    own = await work(room.seed("week-3", "ada"), record, settings)
    # What a forger has is the record of somebody who did it.
    parts = {
        "ada": own,
        "bob": changed(own, without_input),
        "cyd": changed(own, with_another_virsh),
    }
    paths = []
    for who, part in parts.items():
        paths.append(tmp_path / f"{who}.zip")
        learner = "ada" if who == "cyd" else who
        manifest = gather.manifest(course, learner, [part], "week-3")
        paths[-1].write_bytes(handed.pack(manifest, (part,)))
    asked = Wanted(course, week, room, graders.of(course, week), settings, benches=2)
    with Gradebook.writing(room.gradebook) as book:
        report = await run.run(paths, asked, book, print)
    of: dict[str, Graded] = {one.file: one for one in report.graded}

    honest = of["ada.zip"]
    assert (honest.outcome, honest.earned) == ("reproduced", 20.0), honest.message
    assert honest.notes == ()
    (lesson,) = honest.lessons
    assert lesson.commands > 3
    assert lesson.checkers["uts"] == asked.graders.checkers["namespaces"]["uts"]

    forged = of["bob.zip"]
    assert (forged.outcome, forged.earned) == ("diverged", 0.0)
    assert "own-name was pass, is fail" in forged.message
    assert forged.lessons[0].tries == 2
    assert forged.lessons[0].tasks[0].reason != ""
    assert "its seed is that of ada" in forged.notes[0]

    tampered = of["cyd.zip"]
    assert (tampered.outcome, tampered.earned) == ("not replayable", None)
    assert "/usr/bin/virsh was changed" in tampered.message
