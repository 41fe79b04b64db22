"""A bench that waits: as one made when it is asked for, and never left behind."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

from lab_engine.bench import owner
from lab_engine.bench.container import Bench
from lab_engine.course.lesson import load_course
from lab_engine.session import gc, waiting, which
from lab_engine.session.record import WAITING, Record
from lab_engine.settings import Settings
from tests.session.conftest import LESSON, Begin

pytestmark = [pytest.mark.bench, pytest.mark.slow]

SEED = "waits"
KILLED = """
import asyncio, os, signal, sys
from dataclasses import replace
from pathlib import Path
from lab_engine import settings
from lab_engine.course.lesson import load_course
from lab_engine.session import waiting
from lab_engine.session.record import Record

async def main():
    here = replace(settings.load(), data_dir=Path(sys.argv[1]), bench_memory=1 << 30)
    record = Record(here.data_dir / "progress.sqlite")
    await waiting.make(load_course().lesson(sys.argv[2]), record, here, "killed")
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_it_is_as_one_that_was_asked_for(
    begin: Begin, record: Record, settings: Settings
) -> None:
    lesson = load_course().lesson(LESSON)
    assert waiting.buildable(lesson)
    ahead = await waiting.make(lesson, record, settings, SEED)
    try:
        assert which.of_learners(record) == []
        before = record.session(ahead.id)
        assert before is not None
        assert before.mode == WAITING
        await ahead.claim()
        asked = await begin(seed=SEED)
        await asked.enter(lesson.steps[0].name)
        # Nothing is different from the step's start, in either.
        for session in (ahead, asked):
            assert (await session.compare()).none
        assert ahead.step_name == asked.step_name == lesson.steps[0].name
        assert [v.task for v in ahead.start_verdicts] == [v.task for v in asked.start_verdicts]
        assert {v.outcome for v in ahead.start_verdicts} == {
            v.outcome for v in asked.start_verdicts
        }
        rows = {row.id: row for row in which.of_learners(record)}
        assert {row.mode for row in rows.values()} == {"practice"}
        assert rows[ahead.id].began > before.began
        (entered,) = record.moments(ahead.id)
        assert entered.at == rows[ahead.id].began
        # Work in it counts, and is asked for before it is taken away.
        step = ahead.lab_step()
        ran = await ahead.script(list(step.solutions[0].script(ahead.variables)))
        assert ran.exit_code == 0, ran.output
        verdicts, _ = await ahead.check()
        assert {v.task for v in verdicts if v.passed} == {check.task for check in step.checks}
    finally:
        await ahead.down()


async def test_one_whose_program_was_killed_is_cleared_and_a_taken_one_is_not(
    image_tag: str, record: Record, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gc, "YOUNG", timedelta(0))
    words = [sys.executable, "-c", KILLED, str(settings.data_dir), LESSON]
    rows = []
    for _ in range(2):
        done = subprocess.run(words, timeout=120, check=False)
        assert done.returncode == -9
        (row,) = [one for one in record.open_sessions() if one.mode == WAITING]
        rows.append(row)
        if len(rows) == 1:
            record.claim(row.id, "practice")
    taken, left = rows
    me = owner.name(settings.data_dir)
    try:
        found = {thing.session for thing in gc.leftovers(record, me)}
        assert left.id in found
        assert taken.id not in found
        waiting.clear(record)
        assert Bench.find(left.id) is None
        assert Bench.find(taken.id) is not None
        assert [row.id for row in record.open_sessions()] == [taken.id]
    finally:
        for row in rows:
            bench = Bench.find(row.id)
            if bench:
                bench.remove()


async def test_one_that_waits_for_a_running_program_is_left_alone(
    image_tag: str, record: Record, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gc, "YOUNG", timedelta(0))
    session = await waiting.make(load_course().lesson(LESSON), record, settings, SEED)
    try:
        waiting.clear(record)
        assert await session.bench_status() == "running"
        me = owner.name(settings.data_dir)
        assert session.id not in {thing.session for thing in gc.leftovers(record, me)}
    finally:
        await session.down()
    assert record.open_sessions() == []
