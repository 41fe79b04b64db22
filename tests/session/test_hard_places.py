"""Benches in hard places: an engine far away, no memory, nobody there, an image that is missing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest

from lab_engine import protocol as p
from lab_engine.common.plan import Plan
from lab_engine.course.lesson import load_course
from lab_engine.course.verdict import Outcome
from lab_engine.errors import ProviderError
from lab_engine.families.docker.resources import Container, Image
from lab_engine.session.record import Record
from lab_engine.session.session import Session, new_session_id
from lab_engine.settings import Settings
from tests.session.conftest import LESSON, STEP, Begin
from tests.session.test_session import outcomes, work

pytestmark = [pytest.mark.bench, pytest.mark.slow]
ENGINE = "/var/run/docker.sock"


@pytest.fixture
async def far_engine(image_tag: str) -> AsyncIterator[str]:
    """The engine behind TCP, as one on another machine that sees no file of this one."""
    ends: list[asyncio.StreamWriter] = []

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
            writer.write_eof()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_unix_connection(ENGINE)
        ends.extend((requests, writer))
        await asyncio.gather(copy(reader, requests), copy(answers, writer))
        for end in (requests, writer):
            end.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for end in ends:
        end.close()
        with suppress(OSError):
            await end.wait_closed()


async def test_a_step_is_done_on_an_engine_that_is_far_away(
    far_engine: str, monkeypatch: pytest.MonkeyPatch, record: Record, settings: Settings
) -> None:
    monkeypatch.setenv("DOCKER_HOST", far_engine)
    session = await Session.begin(
        load_course().lesson(LESSON), record, settings, session=f"t-far-{new_session_id()}"
    )
    try:
        await session.enter(STEP)
        await work(session)
        assert await outcomes(session) == {Outcome.PASS}
        assert (await session.reset()).none
    finally:
        await session.down()


async def test_a_program_that_wants_more_memory_than_there_is_ends_alone(
    begin: Begin, settings: Settings
) -> None:
    session = await begin(settings=replace(settings, bench_memory=512 << 20))
    await session.enter(STEP)
    ran = await session.script(["head -c 800m /dev/zero | tail -c 800m | wc -c"], strict=False)
    assert "838860800" not in ran.output
    await work(session)
    assert await outcomes(session) == {Outcome.PASS}


async def test_a_bench_that_nobody_uses_ends_and_is_taken_up_again(
    begin: Begin, record: Record, settings: Settings
) -> None:
    short = replace(settings, bench_idle=1)
    session = await begin(settings=short)
    await session.enter(STEP)
    await session.close()
    end = time.monotonic() + 60
    while session.bench.status() == "running":
        assert time.monotonic() < end, "the bench never ended"
        await asyncio.sleep(0.5)
    row = record.session(session.id)
    assert row is not None
    after = await Session.resume(load_course().lesson(LESSON), row, record, short)
    assert "had stopped" in after.news[0]
    await work(after)
    assert await outcomes(after) == {Outcome.PASS}
    await after.close()


async def test_an_image_that_the_bench_does_not_carry_is_named(begin: Begin) -> None:
    session = await begin()
    await session.connection.request(p.StartDaemons, dict[str, bool], daemons=("docker",))
    wanted = (Image("nginx"), Container("web", image="nginx"))
    with pytest.raises(ProviderError, match="nginx") as caught:
        await session.connection.request(p.Provision, p.ProvisionReport, resources=wanted)
    assert "busybox" in f"{caught.value} {caught.value.hint}"
    assert await session.connection.request(p.ShowPlan, Plan, resources=()) is not None
