"""One look: answers to a client's probes, from a process that has entered the bench."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine

from lab_engine import protocol as p
from lab_engine.agent.answering import answered
from lab_engine.agent.duties import Tell
from lab_engine.agent.pools import Pools
from lab_engine.agent.server import Connection, Does, Hears
from lab_engine.agent.verifier import vouching
from lab_engine.agent.verifier.vouching import Noted
from lab_engine.common import tasks
from lab_engine.errors import InfralabError, ProtocolError


class Look:
    """Whom the connection of one look belongs to. It changes nothing in the bench."""

    def __init__(self, noted: Noted, stilled: tuple[str, ...], pause: Callable[[], None]) -> None:
        self.pause = pause
        self.noted = noted
        self.stilled = stilled
        self.touched = time.monotonic()
        self.pools = Pools()
        self.left = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def duties(self) -> Does:
        return self

    @property
    def feed(self) -> Hears:
        return self

    async def do(self, request: p.AnyRequest, tell: Tell, *, lease: bool) -> object:
        """Raises ProtocolError for what only the bench's agent does."""
        if isinstance(request, p.Ask):
            return await asyncio.gather(
                *(answered(probe, self.pools, journal=False) for probe in request.probes)
            )
        if isinstance(request, p.Vouch):
            return await asyncio.to_thread(vouching.vouched, self.noted, self.stilled)
        if isinstance(request, p.Leave):
            # Before the answer: what comes after it is for the process that made this one.
            self.pause()
            self.left.set()
            return None
        raise ProtocolError(f"a verifier does not do {type(request).__name__}")

    async def listen(self, topics: tuple[str, ...]) -> None:
        """Raises ProtocolError: nobody waits for events here."""
        raise ProtocolError("a verifier tells of no events")

    def background(self, work: Coroutine[None, None, None]) -> None:
        task = tasks.begin(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def greet(self, connection: Connection, hello: p.Hello) -> p.Welcome | InfralabError:
        """It was greeted before the look."""
        return ProtocolError("a look goes on")


async def serve(
    client: socket.socket,
    request: p.Enter,
    session: str,
    noted: Noted,
    stilled: tuple[str, ...],
) -> None:
    """Answer a client from `request` until it leaves, or goes."""
    reader, writer = await asyncio.open_unix_connection(sock=client, limit=p.MAX_LINE)
    assert isinstance(writer.transport, asyncio.Transport)
    look = Look(noted, stilled, writer.transport.pause_reading)
    connection = Connection(look, reader, writer)
    connection.client = session
    await connection.send(p.Reply(request.id, p.raw(None)))
    serving = asyncio.create_task(connection.serve())  # noqa: TID251 - ended below
    leaving = asyncio.create_task(look.left.wait())  # noqa: TID251 - ended below
    await asyncio.wait((serving, leaving), return_when=asyncio.FIRST_COMPLETED)
    # The answer to `leave` itself.
    await asyncio.gather(*connection.running.values(), return_exceptions=True)
    serving.cancel()
    leaving.cancel()
    await asyncio.gather(serving, leaving, return_exceptions=True)
