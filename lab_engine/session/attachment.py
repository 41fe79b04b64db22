"""A session's hold on its bench: the container, and the connection to its agent (client side).

Either may go at any moment. Here both are made, found again and had again. What of the learner's
work was lost with them, and comes back, is the session's to ask for.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any, TypeVar

from lab_engine import protocol as p
from lab_engine.bench.connection import Connection, OnNotice, relay_argv
from lab_engine.bench.container import Bench
from lab_engine.errors import AgentLost, BenchError, ImageError, LeaseTaken
from lab_engine.packs import image as images
from lab_engine.session.record import PASSING, WAITING
from lab_engine.settings import Settings

T = TypeVar("T")


class Attachment:
    """The one bench of session `id`, for as long as one client has to do with it.

    Args:
        id: the session's.
        mode: the session's.
        packs: what the lesson needs in the bench.
        settings: how benches are made.
        hear: gets the notices that belong to no request.
    """

    def __init__(
        self, id: str, mode: str, packs: Sequence[str], settings: Settings, hear: OnNotice
    ) -> None:
        self.id, self.mode, self.packs, self.settings = id, mode, packs, settings
        self.looking_on = False
        self.taken: LeaseTaken | None = None
        """Set when another client took the session over: it is not taken back unasked."""
        self._hear_further = hear
        self._bench: Bench | None = None
        self._connection: Connection | None = None
        # By it the agent knows this client again, and gives a new connection the lease of the lost
        # one.
        self._token = secrets.token_hex(8)
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="session")

    @property
    def bench(self) -> Bench:
        if self._bench is None:
            raise BenchError("the session has no bench", hint="Run `infralab up LESSON`.")
        return self._bench

    @property
    def connection(self) -> Connection:
        if self._connection is None:
            raise BenchError("the session is not connected", hint="Run `infralab up LESSON`.")
        return self._connection

    @property
    def welcome(self) -> p.Welcome:
        """What the agent said when this connection began."""
        assert self.connection.welcome is not None
        return self.connection.welcome

    async def ask(self, kind: type[p.AnyRequest], result: type[T], **fields: Any) -> T:
        """A request to the agent. Raises what it answers with, AgentLost when it went."""
        return await self.connection.request(kind, result, **fields)

    async def make(self, progress: Callable[[str], None]) -> None:
        """A new bench; `progress` is told how far its image is when that must be built first.

        Cancelled, it leaves none: what its thread still makes is removed there. Raises BenchError,
        ImageError.
        """
        unwanted = Event()

        def told(words: str) -> None:
            if unwanted.is_set():
                raise ImageError("the building was stopped", hint="Start the lesson again.")
            progress(words)

        def make() -> Bench:
            bench = Bench.create(
                self.id,
                tag=images.ensure(self.packs, told),
                memory=self.settings.bench_memory,
                cpus=self.settings.bench_cpus,
                disk=self.settings.bench_disk,
                idle_seconds=self.settings.bench_idle,
                data_dir=self.settings.data_dir,
                passing=self.mode in PASSING,
                waiting=self.mode == WAITING,
            )
            if unwanted.is_set():
                bench.remove()
            return bench

        try:
            self._bench = await self._aside(make)
        except asyncio.CancelledError:
            # The thread goes on; it builds an image for minutes, or a bench for nobody.
            unwanted.set()
            raise

    async def status(self) -> str:
        """Docker's word for how the bench is, or `gone`. Raises DockerUnavailable."""
        return (await self._look())[1]

    async def _look(self) -> tuple[Bench | None, str]:
        found = await self._aside(Bench.find, self.id)
        return found, await self._aside(found.status) if found else "gone"

    async def find_running(self) -> None:
        """The bench as it is. Raises BenchError that says how it is and what starts it."""
        found, status = await self._look()
        if found is None or status != "running":
            how = {"exited": "is stopped", "paused": "is paused", "gone": "is gone"}
            raise BenchError(
                f"the bench of session {self.id} {how.get(status, f'is {status}')}",
                hint="`infralab repair` brings it back; what is on its disks stays.",
            )
        self._bench = found

    async def have(self, progress: Callable[[str], None]) -> None:
        """The bench, running: started or made anew if need be."""
        found = await self._aside(Bench.find, self.id)
        if found is None:
            await self.make(progress)
        else:
            self._bench = found
            await self._aside(found.start)

    async def connect(self, *, steal: bool = False) -> None:
        """A new connection to the agent, in place of the one there is.

        A bench that nobody can get into is started anew for it. Raises LeaseTaken, AgentLost, and
        BenchError to who only looks on.
        """
        await self.disconnect()
        self.taken = None
        try:
            await self._open(steal)
        except AgentLost as lost:
            if await self._aside(self.bench.lets_in):
                raise
            if self.looking_on:
                raise BenchError(
                    "nobody can get into the bench any more, as when its /proc is covered",
                    hint="`infralab repair` starts it anew: what is on its disks stays, the "
                    "programs in it end.",
                ) from lost
            await self._aside(self.bench.stop)
            await self._aside(self.bench.start)
            await self._open(steal)

    async def _open(self, steal: bool) -> None:
        self._connection = Connection(relay_argv(self.bench), self._token)
        await self._connection.open(look_on=self.looking_on, steal=steal, on_event=self._hear)

    def _hear(self, notice: p.AnyNotice) -> None:
        if isinstance(notice, p.LeaseNotice):
            self.taken = LeaseTaken(
                f"this session was taken over: {notice.holder}",
                hint="Take it back with --take-over, or leave it to the other one.",
            )
        self._hear_further(notice)

    async def disconnect(self) -> None:
        if self._connection:
            await self._connection.close()
            self._connection = None

    async def close(self) -> None:
        """Let go: the bench goes on."""
        await self.disconnect()
        # Not waited for: a call to the engine may take as long as its limit.
        self._threads.shutdown(wait=False)

    async def remove(self) -> None:
        """Remove the bench with all that is in it, and let go."""
        await self.disconnect()
        found = self._bench or await asyncio.to_thread(Bench.find, self.id)
        if found:
            await asyncio.to_thread(found.remove)
        self._bench = None
        self._threads.shutdown(wait=False)

    async def _aside(self, call: Callable[..., T], *args: Any) -> T:
        """A blocking call to the outer engine, off the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *args)
