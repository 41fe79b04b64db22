"""The client's end of the connection, against agents that freeze or talk nonsense."""

from __future__ import annotations

import asyncio
import gc
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from lab_engine import protocol as p
from lab_engine.bench import connection as module
from lab_engine.bench.connection import Connection
from lab_engine.errors import AgentLost, LeaseTaken, ProtocolError

WELCOME = p.encode(p.Reply(1, p.raw(p.Welcome(version=p.VERSION, session="s", lease=True))))
AGENT = f"""
import sys
sys.stdin.readline()
sys.stdout.buffer.write({WELCOME!r}); sys.stdout.flush()
"""
Connect = Callable[[str], Awaitable[Connection]]


@pytest.fixture
async def connect(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    monkeypatch.setattr(module, "PING_SECONDS", 0.1)
    monkeypatch.setattr(module, "QUIET_LIMIT", 1.0)
    links: list[Connection] = []

    async def make(then: str) -> Connection:
        link = Connection([sys.executable, "-c", AGENT + then])
        links.append(link)
        await link.open(attempts=1)
        return link

    yield make
    for link in links:
        if link._process and link._process.returncode is None:
            os.kill(link._process.pid, signal.SIGCONT)
        await link.close()


async def test_a_relay_that_reads_no_more_leaves_no_word_for_the_screen(connect: Connect) -> None:
    link = await connect("import time; time.sleep(0.2)")
    told: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(what))
    with pytest.raises(AgentLost):
        # More than a pipe holds.
        await link.request(p.Listen, p.StatusReport, topics=("x" * (4 << 20),))
    await link.close()
    gc.collect()
    assert not told


async def test_a_frozen_agent_is_noticed_though_the_request_may_take_long(
    connect: Connect,
) -> None:
    link = await connect("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)")
    with pytest.raises(AgentLost, match="has been silent"):
        await link.request(p.Status, p.StatusReport, limit=60)
    with pytest.raises(AgentLost, match="has been silent"):
        await link.request(p.Status, p.StatusReport, limit=60)


async def test_a_request_bigger_than_the_pipe_does_not_hang_on_a_frozen_agent(
    connect: Connect,
) -> None:
    link = await connect("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)")
    with pytest.raises(AgentLost, match="has been silent"):
        await link.request(p.Listen, p.StatusReport, limit=60, topics=("x" * (4 << 20),))


AT_WORK = """
import json, time
asked, began = None, time.monotonic()
for line in sys.stdin:
    message = json.loads(line)
    if message["do"] == "ping":
        print(json.dumps({"type": "reply", "id": message["id"], "result": None}), flush=True)
    else:
        asked = message["id"]
    if asked and time.monotonic() - began > 3:
        report = {"session": "s", "daemons": {}, "standing": [], "pid": 1}
        print(json.dumps({"type": "reply", "id": asked, "result": report}), flush=True)
        asked = None
"""
"""Answers pings at once, and anything else when it is three seconds old."""


async def test_long_work_of_an_agent_that_answers_pings_goes_on(connect: Connect) -> None:
    link = await connect(AT_WORK)
    report = await link.request(p.Status, p.StatusReport, limit=60)
    assert report.session == "s"


async def test_a_client_that_stood_still_itself_does_not_call_the_agent_silent(
    connect: Connect,
) -> None:
    link = await connect(AT_WORK)
    asked = asyncio.create_task(link.request(p.Status, p.StatusReport, limit=60))
    while not link._heard:
        await asyncio.sleep(0.01)
    await asyncio.sleep(5 * module.PING_SECONDS)
    time.sleep(2 * module.QUIET_LIMIT)
    assert (await asked).session == "s"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ('{"type":"reply","id":2,"result":{"pid":"one"}}', ProtocolError),
        ('{"type":"reply","id":2,"result":' + "[" * 50_000 + "]" * 50_000 + "}", AgentLost),
        ('{"type":"dance"}', AgentLost),
        ("x" * (p.MAX_LINE + 10), AgentLost),
    ],
    ids=["another result", "nested too deep", "an unknown message", "too long"],
)
async def test_an_answer_that_makes_no_sense_is_an_error_with_words(
    connect: Connect, answer: str, kind: type[Exception], tmp_path: object
) -> None:
    path = f"{tmp_path}/answer"
    with open(path, "w") as file:
        file.write(answer + "\n")
    link = await connect(
        f"sys.stdin.readline(); print(open({path!r}).read(), end='', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with pytest.raises(kind):
        await link.request(p.Status, p.StatusReport, limit=60)


HELD = """
import json, sys
from pathlib import Path
from lab_engine import protocol as p
asked = json.loads(sys.stdin.readline())["id"]
before = Path(sys.argv[1])
if before.exists():
    answer = p.Reply(asked, p.raw(p.Welcome(version=p.VERSION, session="s", lease=True)))
else:
    before.touch()
    answer = p.Failure(asked, "LeaseTaken", f"{sys.argv[2]} already works in this session", "")
sys.stdout.buffer.write(p.encode(answer)); sys.stdout.flush()
sys.stdin.read()
"""


async def test_the_lease_of_a_client_that_was_killed_is_waited_for(tmp_path: Path) -> None:
    """It is free once the engine has ended the dead one's relay; a living one's is not."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    for pid, refused in ((dead.pid, False), (os.getpid(), True)):
        holder = f"somebody on {platform.node()}, process {pid}"
        link = Connection([sys.executable, "-c", HELD, str(tmp_path / str(pid)), holder])
        try:
            if refused:
                with pytest.raises(LeaseTaken, match=f"process {pid} already works"):
                    await link.open()
            else:
                assert (await link.open()).session == "s"
        finally:
            await link.close()
