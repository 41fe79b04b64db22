"""One client of a verifier: its looks, one after the other, each in a process of its own.

No thread and no event loop here: only a process with one thread may be forked into other
namespaces. While a look goes on the process that makes it has the client's socket, and this one
waits; so only one of the two reads there.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import suppress
from typing import NoReturn

from lab_engine import protocol as p
from lab_engine.agent.verifier import entering, looking
from lab_engine.agent.verifier.entering import Held
from lab_engine.agent.verifier.strays import Still
from lab_engine.agent.verifier.vouching import Noted
from lab_engine.errors import InfralabError, ProtocolError


class Attending:
    """One client, until it goes or a look ends otherwise than it should."""

    def __init__(self, client: socket.socket, held: Held, session: str, noted: Noted) -> None:
        self.client = client
        self.held = held
        self.session = session
        self.noted = noted

    def run(self) -> NoReturn:
        """Ends the process."""
        try:
            while line := self._line():
                self._do(p.decode_request(line))
        except (OSError, ProtocolError) as error:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(1)
        os._exit(0)

    def _line(self) -> bytes:
        """What was asked next; empty at the end. What comes after it is not read yet."""
        line = bytearray()
        while not line.endswith(b"\n"):
            byte = self.client.recv(1)
            if not byte:
                return b""
            line += byte
        return bytes(line)

    def _do(self, request: p.AnyRequest) -> None:
        match request:
            case p.Hello(version=version) if version != p.VERSION:
                self._fail(
                    request,
                    ProtocolError(f"client speaks version {version}, the verifier {p.VERSION}"),
                )
            case p.Hello():
                self._reply(request, p.Welcome(p.VERSION, self.session, lease=False))
            case p.Ping() | p.Cancel():
                self._reply(request, None)
            case p.Enter(still=still):
                self._look(request, still=still)
            case _:
                self._fail(request, ProtocolError("a verifier's look begins with `enter`"))

    def _reply(self, request: p.AnyRequest, result: object) -> None:
        self.client.sendall(p.encode(p.Reply(request.id, p.raw(result))))

    def _fail(self, request: p.AnyRequest, error: InfralabError) -> None:
        self.client.sendall(p.encode(p.failure(request.id, error)))

    def _look(self, request: p.Enter, *, still: bool) -> None:
        """Raises ProtocolError when the look's process was ended by somebody."""
        strays = Still()
        try:
            if still:
                strays.stop()
            between = entering.begun(self.held.namespaces["pid"])
            if not between:
                self._inside(request, strays.words)
            _, status = os.waitpid(between, 0)
        finally:
            strays.go_on()
        # The loop in that process has set it so for both.
        self.client.setblocking(True)
        if status:
            raise ProtocolError(
                f"a look was ended from outside: {os.waitstatus_to_exitcode(status)}"
            )

    def _inside(self, request: p.Enter, stilled: tuple[str, ...]) -> NoReturn:
        """In a process of the bench's pid namespace, which ends."""
        code = 1
        try:
            entering.enter(self.held)
            asyncio.run(looking.serve(self.client, request, self.session, self.noted, stilled))
            code = 0
        except (OSError, InfralabError) as error:
            with suppress(OSError):
                self._fail(request, InfralabError(f"the verifier cannot enter the bench: {error}"))
                code = 0
        finally:
            os._exit(code)
