"""The agent's socket: one lease holder, any number that look on, typed messages."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from lab_engine import protocol as p
from lab_engine.agent.duties import Duties, Tell
from lab_engine.agent.feed import Feed
from lab_engine.agent.room import Room
from lab_engine.common import tasks
from lab_engine.common.paths import AGENT_SOCKET
from lab_engine.errors import InfralabError, LeaseTaken, ProtocolError

log = logging.getLogger(__name__)

STATE = Path("/var/lib/infralab")
"""Ledger and baselines, on the bench's own volume."""

IDLE_EXIT = 75
"""The exit code that tells the entrypoint to end the bench."""
IDLE_LOOK_SECONDS = 5.0
SEND_LIMIT = 30.0
"""Seconds that a client may leave its pipe full before it is cut off."""


class Does(Protocol):
    """What does the requests; `Duties` for the bench's agent."""

    async def do(self, request: p.AnyRequest, tell: Tell, *, lease: bool) -> object: ...


class Hears(Protocol):
    """What knows of events; `Feed` for the bench's agent."""

    async def listen(self, topics: tuple[str, ...]) -> None: ...


class Host(Protocol):
    """Whom a connection belongs to: `AgentServer`, or a verifier's look (`verifier/looking.py`)."""

    touched: float

    @property
    def duties(self) -> Does: ...

    @property
    def feed(self) -> Hears: ...

    def background(self, work: Coroutine[None, None, None]) -> None: ...

    def greet(self, connection: Connection, hello: p.Hello) -> p.Welcome | InfralabError: ...


class Connection:
    """One client. Requests run side by side; their answers carry the request's id."""

    def __init__(
        self, server: Host, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.client = ""
        self.token = ""
        self.lease = False
        self.topics: tuple[str, ...] = ()
        self.running: dict[int, asyncio.Task[None]] = {}
        self._sending = asyncio.Lock()

    async def send(self, message: p.Reply | p.Failure | p.Notice) -> None:
        """Send one line; a client that does not read for `SEND_LIMIT` seconds is cut off."""
        try:
            line = p.encode(message)
        except ProtocolError as error:
            line = p.encode(p.failure(message.id, error))
        # Requests run side by side; the lines of two answers must not mix.
        async with self._sending:
            try:
                self.writer.write(line)
                await asyncio.wait_for(self.writer.drain(), SEND_LIMIT)
            except (TimeoutError, ConnectionError):
                log.warning("client %r does not read: cut off", self.client)
                self.writer.transport.abort()

    def tell(self, request: int, notice: p.AnyNotice) -> None:
        """Send a notice soon, from the loop."""
        self.server.background(self.send(p.Notice(request, notice)))

    async def serve(self) -> None:
        """Read requests until the client goes; then stop what it had running."""
        try:
            while True:
                try:
                    line = await self.reader.readuntil(b"\n")
                except asyncio.LimitOverrunError:
                    await self.send(
                        p.failure(
                            0,
                            ProtocolError(
                                f"a message is longer than {p.MAX_LINE} bytes",
                                hint="Ask for less at once.",
                            ),
                        )
                    )
                    return
                except (asyncio.IncompleteReadError, ConnectionError):
                    return
                self.server.touched = time.monotonic()
                try:
                    request = p.decode_request(line)
                except ProtocolError as error:
                    await self.send(p.failure(0, error))
                    continue
                await self._accept(request)
        finally:
            # What it began is undone below; the next client's requests wait for that.
            self.lease = False
            for task in list(self.running.values()):
                task.cancel()
            await asyncio.gather(*self.running.values(), return_exceptions=True)

    async def _accept(self, request: p.AnyRequest) -> None:
        if isinstance(request, p.Hello):
            await self._answer(request.id, self.server.greet(self, request))
        elif not self.client:
            await self.send(
                p.failure(request.id, ProtocolError("the first message must be `hello`"))
            )
        elif isinstance(request, p.Cancel):
            task = self.running.get(request.of)
            if task:
                task.cancel()
            await self.send(p.Reply(request.id, p.raw(task is not None)))
        elif isinstance(request, p.Ping):
            await self.send(p.Reply(request.id, p.raw(None)))
        elif isinstance(request, p.Listen):
            self.topics = request.topics
            self._begin(request, self._listen(request))
        else:
            work = self.server.duties.do(
                request, lambda notice: self.tell(request.id, notice), lease=self.lease
            )
            self._begin(request, work)

    def _begin(self, request: p.AnyRequest, work: Coroutine[None, None, object]) -> None:
        task = tasks.begin(self._run(request, work))
        self.running[request.id] = task
        task.add_done_callback(lambda _: self.running.pop(request.id, None))

    async def _listen(self, request: p.Listen) -> None:
        await self.server.feed.listen(request.topics)

    async def _answer(self, request: int, result: object) -> None:
        if isinstance(result, InfralabError):
            await self.send(p.failure(request, result))
        else:
            await self.send(p.Reply(request, p.raw(result)))

    async def _run(self, request: p.AnyRequest, work: Coroutine[None, None, object]) -> None:
        try:
            result = await work
            await self.send(p.Reply(request.id, p.raw(result)))
        except asyncio.CancelledError:
            with suppress(ConnectionError):
                await self.send(
                    p.Failure(request.id, "AgentError", "it was cancelled; what it began is undone")
                )
        except InfralabError as error:
            await self.send(p.failure(request.id, error))
        except Exception as error:
            log.exception("request %r failed", type(request).__name__)
            await self.send(p.failure(request.id, error))


class AgentServer:
    """Listens on the root-only socket until SIGTERM, or until nobody came for `idle_seconds`.

    `disk` is how many bytes the bench, which was `made` at that time, may fill; 0 is no limit.
    """

    def __init__(
        self,
        session: str,
        *,
        idle_seconds: float = 0,
        disk: int = 0,
        made: float = 0,
        socket: Path = Path(AGENT_SOCKET),
        state: Path = STATE,
    ) -> None:
        self.session = session
        self.idle_seconds = idle_seconds
        self.disk = disk
        self.made = made
        self.socket = socket
        self.state = state
        self.connections: set[Connection] = set()
        self.touched = time.monotonic()
        self.duties: Duties
        self.feed: Feed
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()

    def background(self, work: Coroutine[None, None, None]) -> None:
        """Run something beside the requests until the agent ends."""
        task = tasks.begin(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def publish(self, topic: str, subject: str = "") -> None:
        """Tell every connection that listens to `topic` (a topic is a prefix)."""
        for connection in self.connections:
            if any(topic.startswith(wanted) for wanted in connection.topics) or topic == "resync":
                connection.tell(0, p.EventNotice(topic, subject))

    @property
    def holder(self) -> Connection | None:
        return next((c for c in self.connections if c.lease), None)

    def greet(self, connection: Connection, hello: p.Hello) -> p.Welcome | InfralabError:
        if hello.version != p.VERSION:
            return ProtocolError(
                f"client speaks version {hello.version}, the bench speaks {p.VERSION}",
                hint="Run `infralab setup`, then `infralab down` and `infralab up`.",
            )
        holder = self.holder
        if not hello.look_on and holder and holder is not connection:
            own = bool(hello.token) and hello.token == holder.token
            if not (hello.steal or own):
                return LeaseTaken(
                    f"{holder.client} already works in this session",
                    hint="Close the other one, or take over with --take-over.",
                )
            if not own:
                holder.tell(0, p.LeaseNotice(hello.client))
            holder.lease = False
            self.background(self._cut(holder))
        connection.client, connection.token = hello.client, hello.token
        connection.lease = not hello.look_on
        return p.Welcome(
            version=p.VERSION,
            session=self.session,
            lease=connection.lease,
            holder=holder.client if holder else "",
            recovery=self.duties.recovery,
            baselines=self.duties.baselines.names(),
        )

    async def _cut(self, connection: Connection) -> None:
        # So that the notice arrives before the connection ends.
        await asyncio.sleep(0.2)
        connection.writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self, reader, writer)
        self.connections.add(connection)
        try:
            await connection.serve()
        finally:
            self.connections.discard(connection)
            self.touched = time.monotonic()
            writer.close()

    def _idle(self) -> bool:
        """Whether no client and no shell was heard of for `idle_seconds`; never when that is 0."""
        if not self.idle_seconds or self.connections:
            return False
        quiet = time.monotonic() - self.touched
        # A shell can be open without a client; the recorder writes whenever somebody types there.
        typed = [path.stat().st_mtime for path in (self.state / "recordings").glob("*.cast")]
        if typed:
            quiet = min(quiet, time.time() - max(typed))
        return quiet > self.idle_seconds

    def stop(self) -> None:
        """End `run` soon."""
        self._stop.set()

    async def run(self) -> int:
        """Returns the exit code: 0 when stopped, IDLE_EXIT when idle (the entrypoint then ends)."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        self.feed = Feed(self.publish)
        self.duties = Duties(self.session, self.state)
        _make_way(self.socket)
        # A socket has the mode that the umask leaves; chmod would leave it open for a moment.
        old = os.umask(0o177)
        server = await asyncio.start_unix_server(self._serve, self.socket, limit=p.MAX_LINE)
        os.umask(old)
        # Nobody is kept out while it lasts, nor when it cannot be done: then somebody must help.
        self.background(self.duties.recover())
        self.background(self.duties.keep_note())
        if self.disk:
            room = Room(self.disk, self.made, fresh=not self.duties.remains.note.boot)
            self.background(room.watch())
        log.info("agent of session %s listens", self.session)
        code = 0
        async with server:
            while not self._stop.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), IDLE_LOOK_SECONDS)
                if self._idle():
                    log.info("nobody came for %d s: the bench ends", self.idle_seconds)
                    code = IDLE_EXIT
                    break
        for connection in list(self.connections):
            connection.writer.close()
        for task in self._tasks:
            task.cancel()
        self.feed.close()
        self.duties.close()
        return code


def _make_way(socket: Path) -> None:
    """A folder that only root may enter, and no socket of an earlier agent in it."""
    socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket.unlink(missing_ok=True)
