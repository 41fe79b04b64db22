"""A client that is killed or interrupted at work."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from lab_engine import protocol as p
from lab_engine.course.lesson import load_course
from lab_engine.session.record import Record
from lab_engine.session.session import Session
from lab_engine.settings import Settings
from tests.session.conftest import LESSON, STEP, Begin

pytestmark = [pytest.mark.bench, pytest.mark.slow]


async def again(session: Session, record: Record, settings: Settings) -> Session:
    row = record.session(session.id)
    assert row is not None
    return await Session.resume(load_course().lesson(LESSON), row, record, settings)


CLIENT = """
import asyncio, os, signal, sys
from lab_engine import settings
from lab_engine.course.lesson import load_course
from lab_engine.protocol import ActionNotice
from lab_engine.session.record import Record
from lab_engine.session.session import Session

async def main():
    record = Record(settings.load().data_dir / "progress.sqlite")
    row = record.session(sys.argv[1])
    session = await Session.resume(load_course().lesson(row.lesson), row, record, settings.load())
    def die(notice):
        if isinstance(notice, ActionNotice) and notice.phase == "started":
            os.kill(os.getpid(), signal.SIGKILL)
    await session.enter(sys.argv[2], on_notice=die)
asyncio.run(main())
"""


async def test_a_client_killed_while_provisioning_leaves_nothing_half_made(
    begin: Begin, record: Record, settings: Settings
) -> None:
    session = await begin()
    await session.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CLIENT,
        session.id,
        STEP,
        env={**os.environ, "INFRALAB_DATA_DIR": str(settings.data_dir)},
    )
    assert await process.wait() == -signal.SIGKILL
    after = await again(session, record, settings)
    status = await after.connection.request(p.Status, p.StatusReport)
    assert status.standing == ()
    owned = await after.connection.request(p.Owned, p.OwnedReport)
    assert owned.marked == {}
    await after.enter(STEP)
    assert (await after.plan()).empty
    await after.close()


async def test_ctrl_c_while_a_step_is_made_undoes_it_and_says_so(
    begin: Begin, record: Record, settings: Settings
) -> None:
    session = await begin(seed="interrupted")
    await session.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "lab_engine",
        "up",
        LESSON,
        STEP,
        "--seed",
        "interrupted",
        env={**os.environ, "INFRALAB_DATA_DIR": str(settings.data_dir)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    while b"create image" not in await asyncio.wait_for(process.stderr.readline(), 60):
        pass
    process.send_signal(signal.SIGINT)
    _, told = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 130
    assert b"interrupted" in told
    after = await again(session, record, settings)
    status = await after.connection.request(p.Status, p.StatusReport)
    assert status.standing == ()
    await after.close()
