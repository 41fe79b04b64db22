from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from lab_engine import protocol as p
from lab_engine.agent import duties as duties_module
from lab_engine.agent import server as server_module
from lab_engine.agent.remains import Remains
from lab_engine.agent.server import AgentServer
from lab_engine.bench.connection import Connection
from lab_engine.common import tasks
from lab_engine.errors import AgentLost, LeaseTaken, ProtocolError, ProvisionTimeout
from lab_engine.kernel import processes

RELAY = """
import os, socket, sys, threading
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
def pump():
    while data := s.recv(65536):
        sys.stdout.buffer.write(data); sys.stdout.buffer.flush()
    os._exit(0)
threading.Thread(target=pump, daemon=True).start()
while data := sys.stdin.buffer.read1(65536):
    s.sendall(data)
"""
Connect = Callable[..., Awaitable[Connection]]
Raw = Callable[..., Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Running:
    def __init__(self, server: AgentServer, task: asyncio.Task[int]) -> None:
        self.server = server
        self.task = task


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Running]:
    server = AgentServer("s1", socket=tmp_path / "run" / "agent.sock", state=tmp_path)
    task = asyncio.create_task(server.run())
    while not server.socket.exists():
        await asyncio.sleep(0.01)
    yield Running(server, task)
    server.stop()
    await task


@pytest.fixture
async def connect(agent: Running) -> AsyncIterator[Connect]:
    links: list[Connection] = []

    async def make(**how: object) -> Connection:
        link = Connection([sys.executable, "-c", RELAY, str(agent.server.socket)])
        links.append(link)
        await link.open(attempts=1, **how)  # type: ignore[arg-type]
        return link

    yield make
    for link in links:
        await link.close()


@pytest.fixture
async def raw(agent: Running) -> AsyncIterator[Raw]:
    writers: list[asyncio.StreamWriter] = []

    async def make(limit: int = p.MAX_LINE) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_unix_connection(str(agent.server.socket), limit=limit)
        writers.append(writer)
        return reader, writer

    yield make
    for writer in writers:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def until_lost(link: Connection) -> None:
    for _ in range(100):
        await link.request(p.Status, p.StatusReport, limit=5)
        await asyncio.sleep(0.05)


async def answer(reader: asyncio.StreamReader) -> p.AnyAnswer:
    return p.decode_answer(await asyncio.wait_for(reader.readline(), 5))


async def test_the_socket_is_for_root_only(agent: Running) -> None:
    assert agent.server.socket.stat().st_mode & 0o777 == 0o600
    assert agent.server.socket.parent.stat().st_mode & 0o777 == 0o700


async def test_one_client_has_the_lease_and_a_second_may_watch(connect: Connect) -> None:
    first = await connect()
    assert first.welcome is not None
    assert first.welcome.lease
    with pytest.raises(LeaseTaken, match="already works in this session"):
        await connect()
    watcher = await connect(look_on=True)
    status = await watcher.request(p.Status, p.StatusReport)
    assert status.session == "s1"
    with pytest.raises(LeaseTaken, match="cannot change the bench"):
        await watcher.request(p.Provision, p.ProvisionReport, resources=())


async def test_a_lease_can_be_taken_over_and_the_old_client_is_told(connect: Connect) -> None:
    told: list[p.AnyNotice] = []
    first = await connect(on_event=told.append)
    second = await connect(steal=True)
    assert second.welcome is not None
    assert second.welcome.lease
    with pytest.raises(AgentLost):
        await until_lost(first)
    assert any(isinstance(notice, p.LeaseNotice) for notice in told)


async def test_a_lease_ends_with_its_client(connect: Connect) -> None:
    first = await connect()
    await first.close()
    async with asyncio.timeout(10):
        while True:
            try:
                second = await connect()
                break
            except LeaseTaken:
                await asyncio.sleep(0.05)
    assert second.welcome is not None
    assert second.welcome.lease


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"this is no JSON\n", "could not be read"),
        (b'{"do":"dance","id":1}\n', "Invalid value 'dance'"),
        (b'{"do":"hello","id":1,"version":"one","client":"x"}\n', r"\$.version"),
        (b'{"do":"ask","id":1,"probes":[{"probe":"nothing"}]}\n', r"\$.probes\[0\]"),
    ],
)
async def test_a_malformed_message_is_answered_and_the_connection_goes_on(
    raw: Raw, line: bytes, says: str
) -> None:
    reader, writer = await raw()
    writer.write(line)
    failure = await answer(reader)
    assert isinstance(failure, p.Failure)
    assert failure.error == "ProtocolError"
    with pytest.raises(ProtocolError, match=says):
        raise p.raised(failure)
    writer.write(p.encode(p.Hello(id=2, version=p.VERSION, client="test")))
    assert isinstance(await answer(reader), p.Reply)


async def test_an_oversized_message_ends_the_connection_with_a_reason(raw: Raw) -> None:
    reader, writer = await raw()
    writer.write(b"x" * (p.MAX_LINE + 2) + b"\n")
    failure = await answer(reader)
    assert isinstance(failure, p.Failure)
    assert "longer than" in failure.message
    assert await asyncio.wait_for(reader.read(), 5) == b""


async def test_another_version_is_told_what_to_do(raw: Raw) -> None:
    reader, writer = await raw()
    writer.write(p.encode(p.Hello(id=1, version=99, client="old")))
    failure = await answer(reader)
    assert isinstance(failure, p.Failure)
    assert "infralab setup" in failure.hint


async def test_work_before_hello_is_refused(raw: Raw) -> None:
    reader, writer = await raw()
    writer.write(p.encode(p.Status(id=5)))
    failure = await answer(reader)
    assert isinstance(failure, p.Failure)
    assert failure.id == 5


async def test_a_client_that_does_not_read_is_cut_off(
    agent: Running, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "SEND_LIMIT", 0.2)
    _, writer = await raw(limit=1024)
    writer.write(p.encode(p.Hello(id=1, version=p.VERSION, client="deaf", look_on=True)))
    await asyncio.sleep(0.1)
    (connection,) = agent.server.connections
    big = p.Reply(1, msgspec.Raw(b'"' + b"x" * (4 << 20) + b'"'))
    await connection.send(big)
    await asyncio.sleep(0.1)
    assert not agent.server.connections


async def test_a_vanished_client_gives_back_the_lease_and_its_work_is_stopped(
    agent: Running, raw: Raw
) -> None:
    _, writer = await raw()
    writer.write(p.encode(p.Hello(id=1, version=p.VERSION, client="gone")))
    writer.transport.abort()
    for _ in range(50):
        if not agent.server.connections:
            break
        await asyncio.sleep(0.02)
    assert agent.server.holder is None


async def test_a_killed_relay_is_agent_lost_with_advice(connect: Connect) -> None:
    link = await connect()
    assert link._process is not None
    link._process.kill()
    with pytest.raises(AgentLost) as caught:
        await link.request(p.Status, p.StatusReport)
    assert "session goes on" in caught.value.hint


async def test_a_stopped_agent_is_agent_lost_and_an_absent_one_too(
    agent: Running, connect: Connect
) -> None:
    link = await connect()
    agent.server.stop()
    with pytest.raises(AgentLost):
        await until_lost(link)
    with pytest.raises(AgentLost, match=r"ConnectionRefused|FileNotFound"):
        await connect()


async def test_an_agent_that_nobody_needs_ends_and_a_shell_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "IDLE_LOOK_SECONDS", 0.05)
    server = AgentServer("s1", socket=tmp_path / "r" / "s", state=tmp_path, idle_seconds=0.6)
    (tmp_path / "recordings").mkdir()
    task = asyncio.create_task(server.run())
    for _ in range(8):
        await asyncio.sleep(0.2)
        (tmp_path / "recordings" / "1.cast").write_text("somebody types")
    assert not task.done()
    assert await asyncio.wait_for(task, 5) == server_module.IDLE_EXIT


class Deaf(Exception):
    pass


def cannot_hear(_: p.AnyNotice) -> None:
    raise Deaf("the terminal is gone")


async def test_a_notice_handler_that_raises_ends_its_request_and_no_other(
    agent: Running, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    undone = asyncio.Event()

    async def endless(
        request: p.AnyRequest, tell: Callable[[p.AnyNotice], None], *, lease: bool
    ) -> object:
        if isinstance(request, p.Status):
            return p.StatusReport("s1", {}, (), 0)
        tell(p.DaemonNotice("docker", "starting"))
        try:
            return await asyncio.Event().wait()
        except asyncio.CancelledError:
            undone.set()
            raise

    link = await connect()
    monkeypatch.setattr(agent.server.duties, "do", endless)
    with pytest.raises(Deaf):
        await asyncio.wait_for(
            link.request(p.StartDaemons, dict[str, bool], daemons=(), on_notice=cannot_hear), 5
        )
    await asyncio.wait_for(undone.wait(), 5)
    status = await link.request(p.Status, p.StatusReport, limit=5)
    assert status.session == "s1"


async def test_an_event_handler_that_raises_is_told_and_the_link_goes_on(
    agent: Running, connect: Connect
) -> None:
    heard: list[Exception] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: heard.append(context["exception"])
    )
    link = await connect(on_event=cannot_hear)
    await link.request(p.Listen, type(None), topics=("link",))
    agent.server.publish("link")
    while not heard:
        await link.request(p.Status, p.StatusReport, limit=5)
    assert isinstance(heard[0], Deaf)


async def test_the_note_of_what_runs_outlives_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    look = Remains.look

    async def fails_once(self: Remains) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise ProvisionTimeout("a daemon hangs")
        await look(self)

    monkeypatch.setattr(Remains, "look", fails_once)
    monkeypatch.setattr(duties_module, "NOTE_SECONDS", 0.01)
    duties = duties_module.Duties("s1", tmp_path)
    keeping = tasks.begin(duties.keep_note())
    try:
        async with asyncio.timeout(20):
            while not (tmp_path / "remains.json").exists():
                assert not keeping.done()
                await asyncio.sleep(0.02)
    finally:
        await tasks.end(keeping)
        duties.close()


async def test_what_runs_is_noted_when_something_was_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    newest = 7

    async def look(self: Remains) -> None:
        nonlocal looks
        looks += 1

    async def until(wanted: int) -> None:
        async with asyncio.timeout(20):
            while looks < wanted:
                await asyncio.sleep(0.01)

    monkeypatch.setattr(Remains, "look", look)
    monkeypatch.setattr(processes, "newest", lambda: newest)
    monkeypatch.setattr(duties_module, "NOTE_SECONDS", 0.01)
    duties = duties_module.Duties("s1", tmp_path)
    keeping = tasks.begin(duties.keep_note())
    try:
        await until(1)
        await asyncio.sleep(0.2)
        assert looks == 1
        newest = 8
        await until(2)
        await duties.do(p.Forget(id=1, name="none"), lambda _: None, lease=True)
        await until(3)
        await asyncio.sleep(0.2)
        assert looks == 3
        monkeypatch.setattr(duties_module, "QUIET_NOTE_SECONDS", 0.0)
        await until(5)
    finally:
        await tasks.end(keeping)
        duties.close()
