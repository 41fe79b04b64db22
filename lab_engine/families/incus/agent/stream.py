"""The stream in which Incus tells its events, for those who wait for them.

It is a WebSocket (RFC 6455) on the daemon's Unix socket. The bench has no library for it, and
what is needed of it is little: text comes in, and a ping wants a pong, else the daemon ends it.
"""

from __future__ import annotations

import base64
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from lab_engine.families.incus.agent.api import SOCKET
from lab_engine.kernel import sockets

PATH: Final = "/1.0/events?type=lifecycle&all-projects=true"
LOOK_SECONDS: Final = 1.0
"""A source looks once a second whether it is to end."""
_CONTINUED, _TEXT, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x8, 0x9, 0xA
_FINAL: Final = 0x80
_MASKED: Final = 0x80
_SHORT: Final = 126
_LONG: Final = 127
_MOST: Final = 1 << 20


class Requestor(msgspec.Struct):
    """Who asked for it. For `tls` the user's name is the fingerprint of the certificate."""

    username: str = ""
    protocol: str = ""
    address: str = ""


class Lifecycle(msgspec.Struct):
    """`source` is the path of the thing in the API, `name` that of an instance."""

    action: str = ""
    source: str = ""
    name: str = ""
    project: str = ""
    requestor: Requestor | None = None


class Event(msgspec.Struct):
    """One event (doc/events.md)."""

    type: str = ""
    timestamp: str = ""
    project: str = ""
    metadata: Lifecycle = msgspec.field(default_factory=Lifecycle)


class _Frames:
    """The frames of an open connection. Raises TimeoutError after LOOK_SECONDS of silence."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._read = b""
        self._pieces = b""

    def open(self) -> None:
        """Shake hands. Raises ConnectionError when the daemon does not speak it."""
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            f"GET {PATH} HTTP/1.1",
            "Host: incus",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
        )
        self._sock.sendall("\r\n".join((*lines, "", "")).encode())
        while b"\r\n\r\n" not in self._read:
            self._more()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(head[:80].decode(errors="replace"))

    def message(self) -> bytes:
        """The next message, without pings. Raises ConnectionError at the end."""
        while True:
            final, kind, data = self._frame()
            if kind == _CLOSE:
                raise ConnectionError("the daemon closed the stream")
            if kind == _PING:
                self._pong(data)
            elif kind in (_TEXT, _CONTINUED):
                self._pieces += data
                if final:
                    whole, self._pieces = self._pieces, b""
                    return whole

    def _frame(self) -> tuple[bool, int, bytes]:
        """One frame, taken only when all of it is there: silence may come in its middle."""
        while True:
            found = self._parsed()
            if found is not None:
                return found
            self._more()

    def _parsed(self) -> tuple[bool, int, bytes] | None:
        data = self._read
        if len(data) < 2:
            return None
        length, at = data[1] & ~_MASKED, 2
        if length in (_SHORT, _LONG):
            wide = 2 if length == _SHORT else 8
            length, at = int.from_bytes(data[2 : 2 + wide], "big"), 2 + wide
        if length > _MOST:
            raise ConnectionError(f"a message of {length} bytes")
        if len(data) < at + length:
            return None
        self._read = data[at + length :]
        return bool(data[0] & _FINAL), data[0] & 0x0F, data[at : at + length]

    def _pong(self, data: bytes) -> None:
        # A client masks what it sends (section 5.3); a mask of zeroes leaves it as it is. What a
        # control frame holds is always short.
        head = bytes([_FINAL | _PONG, _MASKED | len(data)]) + bytes(4)
        self._sock.sendall(head + data)

    def _more(self) -> None:
        data = self._sock.recv(65536)
        if not data:
            raise ConnectionError("the daemon ended the stream")
        self._read += data


def events(stopping: threading.Event, opened: Callable[[], None] = lambda: None) -> Iterator[Event]:
    """What is told until `stopping` is set or the stream breaks.

    Nothing when Incus does not run. `opened` is called when no event can be missed any more.
    """
    if not sockets.answers(SOCKET):
        return
    decoder = msgspec.json.Decoder(Event)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(LOOK_SECONDS)
        try:
            sock.connect(SOCKET)
            frames = _Frames(sock)
            frames.open()
            opened()
            while not stopping.is_set():
                try:
                    message = frames.message()
                except TimeoutError:
                    continue
                yield decoder.decode(message)
        except OSError:
            return
