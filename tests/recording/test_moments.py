"""Replays that must not be judged by their end alone: a moment that passes, a time that is up."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import pytest

from lab_engine.recording.kept import fetch
from lab_engine.session.lookout import Lookout
from lab_engine.session.record import Record
from lab_engine.settings import Settings
from tests.recording.hands import Terminal
from tests.recording.pair import Pair, Recorded, pair, told

pytestmark = [pytest.mark.bench, pytest.mark.slow]

STEP = "volume-create"
COMMAND = "docker volume create my-named-volume; sleep 3; docker volume rm my-named-volume; sleep 1"


async def watched(both: Pair) -> Recorded:
    """The whole work is one line, which undoes it again; the learner's screen saw it pass."""
    session = both.mine
    began = time.time()
    await session.enter(STEP)
    watching = asyncio.create_task(Lookout(session, lambda _: None).run())
    terminal = Terminal(session.shell_argv())
    try:
        await terminal.open()
        await terminal.type(COMMAND + "\r")
        await terminal.prompt()
    finally:
        await terminal.close()
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    casts = await asyncio.to_thread(fetch, session.bench)
    history = [row for row in session.record.history(session.id) if row.at >= began]
    moments = [m for m in session.record.moments(session.id) if m.at >= began]
    passed = {row.task for row in history if row.outcome == "pass"}
    return Recorded([c for c in casts if c.began >= began], moments, history, passed)


@pytest.mark.timeout(300)
async def test_a_moment_and_a_limit(image_tag: str, record: Record, settings: Settings) -> None:
    async with pair("keeping-data", record, settings) as both:
        recorded = await watched(both)
        assert recorded.passed == {"create"}
        last = [row.outcome for row in recorded.history if row.task == "create"][-1]
        assert last == "fail"

        result = await both.replay(recorded)
        assert result.outcome == "reproduced", told(result)
        assert result.steps[0].replayed["create"] == "pass"

        result = await both.replay(recorded, limit=2.0)
        assert result.outcome == "not replayable"
        assert "took longer than 2 s, and 0 of 1 visits" in result.message
        assert "INFRALAB_PATIENCE" in result.message
