"""Sessions as people really work, replayed in another bench: the same verdicts."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import sys

import pytest

from lab_engine.course.lesson import load_course
from lab_engine.session.record import Record
from lab_engine.session.session import Session, new_session_id
from lab_engine.settings import Settings
from tests.recording.hands import perform
from tests.recording.pair import pair, reproduce
from tests.recording.script import scripts

pytestmark = [pytest.mark.bench, pytest.mark.slow]

LESSONS = [
    "docker-networking",
    "keeping-data",
    "namespaces",
    pytest.param("kvm-and-virsh", marks=pytest.mark.vm),
]


def test_there_are_ten_sessions_a_lesson() -> None:
    for lesson in ("docker-networking", "keeping-data", "namespaces", "kvm-and-virsh"):
        assert len(scripts(lesson)) == 10


@pytest.mark.timeout(600)
@pytest.mark.parametrize("lesson", LESSONS)
async def test_usual(image_tag: str, record: Record, settings: Settings, lesson: str) -> None:
    chosen = [script for script in scripts(lesson) if script.usual]
    async with pair(lesson, record, settings) as both:
        assert await reproduce(both, chosen) == []


@pytest.mark.sessions
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("lesson", LESSONS)
async def test_all(
    image_tag: str,
    record: Record,
    settings: Settings,
    lesson: str,
) -> None:
    chosen = [script for script in scripts(lesson) if not script.usual]
    memory = settings.bench_memory * (2 if lesson == "kvm-and-virsh" else 1)
    async with pair(lesson, record, dataclasses.replace(settings, bench_memory=memory)) as both:
        assert await reproduce(both, chosen) == []


@pytest.mark.sessions
@pytest.mark.timeout(600)
async def test_the_command(image_tag: str, record: Record, settings: Settings) -> None:
    """`infralab replay` of two steps, one after the other, while the session goes on."""
    lesson = load_course().lesson("namespaces")
    name = f"t{os.getpid()}-{new_session_id()[:4]}"
    session = await Session.begin(lesson, record, settings, session=name)
    try:
        for script in scripts("namespaces")[:2]:
            assert await perform(session, script) == {"own-name"}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "lab_engine",
            "replay",
            session.id,
            "--json",
            env={**os.environ, "INFRALAB_DATA_DIR": str(settings.data_dir)},
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        result = json.loads(output)
        assert (process.returncode, result["outcome"]) == (0, "reproduced"), result
        assert [step["step"] for step in result["steps"]] == ["uts", "uts"]
    finally:
        await session.down()
