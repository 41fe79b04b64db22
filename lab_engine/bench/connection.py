"""The client's end of the connection to an agent: requests out, answers and notices in."""

from __future__ import annotations

import asyncio
import getpass
import itertools
import os
import platform
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from lab_engine import protocol as p
from lab_engine.common import patience, pipes, tasks
from lab_engine.common.paths import AGENT_SOCKET
from lab_engine.errors import AgentLost, LeaseTaken, ProtocolError

if TYPE_CHECKING:
    from lab_engine.bench.container import Bench

T = TypeVar("T")
OnNotice = Callable[[p.AnyNotice], None]

HELLO_LIMIT = patience.patient(15.0)
# For what an agent that lives never ends. One that is frozen is noticed by its silence, below.
REQUEST_LIMIT = 600.0
PING_SECONDS = 2.0
QUIET_LIMIT = patience.patient(8.0)
"""Seconds after which an agent that answers nothing, no ping either, is taken for frozen: with a
ping every two seconds it is noticed within ten."""
RETRIES = "retry=100,interval=0.02"
"""How often socat tries the agent's socket, and how many seconds apart: starting another relay
costs more than waiting in this one."""


DEAD_LIMIT: Final = patience.patient(10.0)
DEAD_PAUSE: Final = 0.2
"""Seconds: a client that was killed has the lease until the engine ends its relay."""


def client_name() -> str:
    """Who and where, for the message that a second client reads."""
    return f"{getpass.getuser()} on {platform.node()}, process {os.getpid()}"


def _of_the_dead(taken: LeaseTaken) -> bool:
    """Whether the lease is with a process of this machine that is no more."""
    holder = re.search(rf" on {re.escape(platform.node())}, process (\d+) ", taken.message)
    if holder is None:
        return False
    try:
        os.kill(int(holder[1]), 0)
    except ProcessLookupError:
        return True
    except OSError:
        # It is somebody else's.
        return False
    return False


def relay_argv(bench: Bench) -> list[str]:
    """The command line of the relay to a bench's agent."""
    return bench.exec_argv(
        # When this end closes, socat waits so long for what the agent still sends (socat(1), -t).
        ["socat", "-t", "1", "-", f"UNIX-CONNECT:{AGENT_SOCKET},{RETRIES}"],
        user="root",
        interactive=True,
        workdir="/",
    )


class Connection:
    """A relay process whose standard input and output carry the protocol.

    `relay` is the command line of the relay, usually `relay_argv(bench)`. Links with one `token`
    are one client: the later one has the lease. All methods are for one event loop.
    """

    def __init__(self, relay: Sequence[str], token: str = "") -> None:
        self._relay = relay
        self._token = token
        # Zero belongs to the notices of no request.
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[p.Reply]] = {}
        self._on_notice: dict[int, OnNotice] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._pinging: asyncio.Task[None] | None = None
        self._heard = 0.0
        self._lost: AgentLost | None = None
        self.welcome: p.Welcome | None = None

    async def open(
        self,
        *,
        look_on: bool = False,
        steal: bool = False,
        on_event: OnNotice = lambda _: None,
        attempts: int = 10 * patience.factor(),
    ) -> p.Welcome:
        """Connect and greet. Raises AgentLost, LeaseTaken or ProtocolError.

        A bench that has just started may need a moment before its agent listens: the relay waits
        for two seconds, and is started `attempts` times, 50 ms apart at first.
        """
        try:
            return await self._greeted(look_on, steal, on_event, attempts)
        except BaseException:
            # A refused client must leave no relay behind, so no second cancellation, such as one
            # by another Ctrl-C, may cut this short.
            await asyncio.shield(self.close())
            raise

    async def _greeted(
        self, look_on: bool, steal: bool, on_event: OnNotice, attempts: int
    ) -> p.Welcome:
        attempt = 0
        until = asyncio.get_running_loop().time() + DEAD_LIMIT
        while True:
            await self._connect(on_event)
            try:
                welcome = await self._request(
                    p.Hello(
                        id=next(self._ids),
                        version=p.VERSION,
                        client=client_name(),
                        look_on=look_on,
                        steal=steal,
                        token=self._token,
                    ),
                    p.Welcome,
                    limit=HELLO_LIMIT,
                )
            except LeaseTaken as error:
                if not _of_the_dead(error) or asyncio.get_running_loop().time() > until:
                    raise
                await self.close()
                await asyncio.sleep(DEAD_PAUSE)
                continue
            except AgentLost:
                await self.close()
                attempt += 1
                if attempt >= attempts:
                    raise
                await asyncio.sleep(min(0.05 * attempt, 0.5))
                continue
            self.welcome = welcome
            self._pinging = tasks.begin(self._ping())
            return welcome

    async def _connect(self, on_event: OnNotice) -> None:
        self._lost = None
        self._process = await asyncio.create_subprocess_exec(
            *self._relay,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # By default a line of more than 64 KiB is an error for asyncio's reader.
            limit=p.MAX_LINE,
            # Ctrl-C goes to every process of the terminal's group: the relay must live to carry
            # what undoes the work.
            start_new_session=True,
        )
        self._on_notice[0] = on_event
        self._reading = tasks.begin(self._read())

    async def _ping(self) -> None:
        """While an answer is waited for, see that the agent lives: work may be long and silent."""
        loop = asyncio.get_running_loop()
        asked, quiet = False, 0.0
        while not self._lost:
            began = loop.time()
            await asyncio.sleep(PING_SECONDS)
            if not self._waiting:
                asked, quiet = False, 0.0
                continue
            if not asked or self._heard >= began:
                quiet = 0.0
            else:
                # Rounds are counted, not the clock: while this client itself stood still (stopped
                # with Ctrl-Z, or on a busy machine) it asked nothing, and the agent owed nothing.
                quiet += PING_SECONDS
            if quiet > QUIET_LIMIT:
                self._end(
                    AgentLost(
                        f"the bench's agent has been silent for {quiet:.0f} s",
                        hint="The bench may be paused or out of memory: `infralab doctor` looks "
                        "for a cause. Then run the command again.",
                    )
                )
            else:
                # Not `drain`: a frozen agent reads nothing, and this must not wait for it.
                self._send(p.Ping(id=next(self._ids)))
                asked = True

    async def _read(self) -> None:
        process = self._process
        if process is None or process.stdout is None or process.stderr is None:
            return
        try:
            while line := await process.stdout.readline():
                self._heard = asyncio.get_running_loop().time()
                self._take(p.decode_answer(line))
            tail = (await process.stderr.read()).decode(errors="replace").strip()
            reason = tail.splitlines()[-1] if tail else "the relay ended"
        except (ValueError, ProtocolError) as error:
            reason = str(error)
        self._end(
            AgentLost(
                f"the connection to the bench's agent ended: {reason}",
                hint="Run the command again: the session goes on where it was. "
                "`infralab doctor` looks for a cause.",
            )
        )

    def _take(self, answer: p.AnyAnswer) -> None:
        if isinstance(answer, p.Notice):
            self._hear(answer)
            return
        future = self._waiting.pop(answer.id, None)
        # Nobody waits for the answer to a ping, nor to a request that was cancelled meanwhile.
        if future is None or future.done():
            if isinstance(answer, p.Failure) and answer.id == 0:
                self._end(ProtocolError(answer.message, hint=answer.hint))
            return
        if isinstance(answer, p.Failure):
            future.set_exception(p.raised(answer))
        else:
            future.set_result(answer)

    def _hear(self, answer: p.Notice) -> None:
        """Hand a notice on. A handler that raises ends its own request, never this reader."""
        try:
            self._on_notice.get(answer.id, self._on_notice[0])(answer.notice)
        except Exception as error:
            future = self._waiting.pop(answer.id, None)
            if future is None or future.done():
                tasks.report(error, "what was to hear of an event in the bench broke")
                return
            self._cancel(answer.id)
            future.set_exception(error)

    def _end(self, error: Exception) -> None:
        # The first reason is the cause; that the relay ended comes after it.
        self._lost = self._lost or (
            error if isinstance(error, AgentLost) else AgentLost(str(error))
        )
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(error)
        self._waiting.clear()

    async def _request(
        self,
        request: p.AnyRequest,
        result: type[T],
        *,
        limit: float = REQUEST_LIMIT,
        on_notice: OnNotice | None = None,
    ) -> T:
        if self._lost:
            raise self._lost
        if not self._process or not self._process.stdin:
            raise AgentLost("not connected to the agent", hint="Start the step again.")
        future: asyncio.Future[p.Reply] = asyncio.get_running_loop().create_future()
        self._waiting[request.id] = future
        if on_notice:
            self._on_notice[request.id] = on_notice
        try:
            # Not drained: an agent that reads nothing would hold the request beyond its limit.
            self._process.stdin.write(p.encode(request))
            async with asyncio.timeout(limit):
                reply = await future
        except TimeoutError:
            self._cancel(request.id)
            raise AgentLost(
                f"the agent did not answer in {limit:g} s",
                hint="Run the command again; `infralab down` and `infralab up` give a fresh bench.",
            ) from None
        except asyncio.CancelledError:
            self._cancel(request.id)
            raise
        finally:
            self._waiting.pop(request.id, None)
            if request.id:
                self._on_notice.pop(request.id, None)
        return p.decode_result(reply, result)

    def _cancel(self, request: int) -> None:
        self._send(p.Cancel(id=next(self._ids), of=request))

    def _send(self, request: p.AnyRequest) -> None:
        if self._process and self._process.stdin and not self._lost:
            self._process.stdin.write(p.encode(request))

    async def request(
        self,
        kind: type[p.AnyRequest],
        result: type[T],
        *,
        limit: float = REQUEST_LIMIT,
        on_notice: OnNotice | None = None,
        **fields: Any,
    ) -> T:
        """Send one request and wait for its result.

        Args:
            kind: the request's class.
            result: the type of the reply.
            limit: seconds to wait.
            on_notice: called on the loop for each notice that belongs to this request; what it
                raises ends the request, and comes from here.
            fields: the request's fields but its id.

        Raises whatever error the agent answers with, AgentLost when the connection ends.
        """
        return await self._request(
            kind(id=next(self._ids), **fields), result, limit=limit, on_notice=on_notice
        )

    async def close(self) -> None:
        """End the relay. The agent stops what this client had running and keeps the bench."""
        if self._pinging:
            await tasks.end(self._pinging)
            self._pinging = None
        if self._process:
            if self._process.stdin:
                self._process.stdin.close()
            try:
                # Longer than socat's own second, in which it hands on the last answers.
                await asyncio.wait_for(self._process.wait(), 2.0)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
            await pipes.given_up(self._process.stdin)
            self._process = None
        if self._reading:
            await asyncio.wait([self._reading])
            self._reading = None
