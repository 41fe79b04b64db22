"""A VM's serial console on this terminal, through a libvirt stream: `console.py DOMAIN`.

It runs in the bench as the learner, with the learner's rights, from a file of its own, so it needs
only libvirt and the standard library. Bytes go both ways as they are. Ctrl+] leaves. It stays
through a restart: while the VM is off it waits, and goes on when the VM runs again. A console has
one user at a time; when there is another, the learner is asked before that one is cut off.
Source: https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainOpenConsole,
https://libvirt.org/html/libvirt-libvirt-stream.html.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable
from typing import Any, Final, Literal
from xml.etree import ElementTree as ET

import libvirt

URI: Final = "qemu:///system"
ESCAPE: Final = b"\x1d"
ENTER: Final = (b"\r", b"\n")
BLOCK: Final = 65536
OPEN_LIMIT: Final = 30.0
WAIT: Final = 600.0
"""Seconds that a VM may stay off before its console ends."""
TICK_MS: Final = 500
SETTLE: Final = 1.5
"""Seconds after which a VM whose console ended, and that still runs, did not just stop."""
KEEPALIVE: Final = (5, 3)
"""A daemon that says nothing for 5 seconds, three times, counts as gone."""
# What virStreamRecv and virStreamSend return instead of waiting.
WOULD_BLOCK: Final = -2
UNBORN: Final = "not yet assigned"
"""What libvirt says of the console of a VM that it is about to start."""

State = Literal["off", "open", "lost", "held", "closing"]


class Trouble(Exception):
    """Why there is no console, for the learner."""


def keys(data: bytes) -> tuple[bytes, bool]:
    """What of typed bytes goes to the guest, and whether the escape came after it."""
    before, escape, _ = data.partition(ESCAPE)
    return before, bool(escape)


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """The result of a call that may hang. Raises Trouble when it does, and what it raises."""
    got: list[Any] = []
    wrong: list[BaseException] = []

    def run() -> None:
        try:
            got.append(call())
        except BaseException as error:
            wrong.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if wrong:
        raise wrong[0]
    if not got:
        raise Trouble(f"libvirt did not answer within {seconds:.0f} s. `p` in the lesson repairs.")
    return got[0]


class Console:
    """One domain's console on the terminal at descriptors 0 and 1. `run` returns the exit code."""

    def __init__(self, name: str, *, uri: str = URI, wait: float = WAIT) -> None:
        self.name = name
        self.wait = wait
        self.state: State = "off"
        self._uri = uri
        self._stream: Any = None
        self._events = 0
        self._unsent = bytearray()
        self._number = -1
        self._since = time.monotonic()
        self._code: int | None = None
        self._told = False

    def run(self) -> int:
        libvirt.virEventRegisterDefaultImpl()
        # Otherwise libvirt prints its errors over the guest's screen.
        libvirt.registerErrorHandler(lambda *_: None, None)
        for number in (signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, lambda number, _: self._leave(128 + number))
        old = termios.tcgetattr(0)
        try:
            tty.setraw(0)
            self._begin()
            while self._code is None:
                libvirt.virEventRunDefaultImpl()
        finally:
            termios.tcsetattr(0, termios.TCSADRAIN, old)
        return self._code

    def _begin(self) -> None:
        libvirt.virEventAddHandle(0, libvirt.VIR_EVENT_HANDLE_READABLE, self._typed, None)
        # Gives Python its turn as well: a signal is handled only between two rounds of libvirt's
        # loop.
        libvirt.virEventAddTimeout(TICK_MS, lambda *_: self._look(), None)
        try:
            self._connection = within(OPEN_LIMIT, lambda: libvirt.open(self._uri))
            self._connection.setKeepAlive(*KEEPALIVE)
            self._connection.registerCloseCallback(lambda *_: self._gone(), None)
            self._connection.domainEventRegisterAny(
                None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lambda *_: self._look(), None
            )
        except libvirt.libvirtError as error:
            self._close(f"libvirt does not answer: {error}. `p` in the lesson repairs.")
        except Trouble as error:
            self._close(str(error))
        self._look()

    # -- what is said ----------------------------------------------------------------------------

    def _say(self, words: str) -> None:
        os.write(1, f"\r\n\x1b[1m[{self.name}] {words}\x1b[0m\r\n".encode())

    def _close(self, words: str) -> None:
        """Say the last word, and leave it on the screen until it was read."""
        self._drop()
        self.state = "closing"
        self._say(f"{words} Enter closes this console.")

    def _leave(self, code: int) -> None:
        self._code = code

    def _gone(self) -> None:
        if self.state != "closing":
            self._close("libvirt has gone. The VM may still run. `p` in the lesson repairs.")

    # -- the domain ------------------------------------------------------------------------------

    def _look(self) -> None:
        """See how the domain stands, and do what follows from it."""
        if self.state in ("open", "closing"):
            return
        try:
            self._follow(self._domain())
        except libvirt.libvirtError as error:
            self._close(f"libvirt says: {error}.")
        except Trouble as error:
            self._close(str(error))

    def _domain(self) -> Any:
        try:
            return self._connection.lookupByName(self.name)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
                raise
        there = ", ".join(sorted(domain.name() for domain in self._connection.listAllDomains()))
        raise Trouble(
            f"There is no VM called {self.name!r}. "
            + (f"There is: {there}." if there else "There is none at all: `virsh list --all`.")
        )

    def _follow(self, domain: Any) -> None:
        waited = time.monotonic() - self._since
        if domain.isActive():
            if self.state == "off" or domain.ID() != self._number:
                self._open(domain)
            elif self.state == "lost" and waited > SETTLE:
                self._hold("Another console was opened, which took this one's place.")
        elif not self._told:
            self.state, self._told, self._since = "off", True, time.monotonic()
            self._say(
                f"The VM is off; `virsh start {self.name}` starts it. Waiting for it. "
                "Ctrl+] leaves."
            )
        elif waited > self.wait:
            self._close(f"The VM did not run again within {self.wait:.0f} s.")

    def _open(self, domain: Any, flags: int = 0) -> None:
        # libvirtd wrote it, as it did what it hands to its own tools.
        definition = ET.fromstring(domain.XMLDesc())  # noqa: S314
        if definition.find("devices/console") is None:
            raise Trouble(
                "The VM has no console: there is no <console> among its devices. "
                f"See `virsh dumpxml {self.name}`."
            )
        stream = self._connection.newStream(libvirt.VIR_STREAM_NONBLOCK)
        try:
            domain.openConsole(None, stream, flags)
        except libvirt.libvirtError as error:
            # libvirt has no code of its own for this, only the words "Active console session
            # exists".
            if "console session" not in str(error):
                if UNBORN in str(error) or not domain.isActive():
                    return
                raise
            self._number = domain.ID()
            self._hold("Another program holds this console, such as `virsh console` in a shell.")
            return
        self._stream, self._events = stream, libvirt.VIR_STREAM_EVENT_READABLE
        stream.eventAddCallback(self._events, self._moved, None)
        self._number, self.state, self._told = domain.ID(), "open", False
        self._unsent.clear()
        self._say("Connected. Enter shows a prompt. Ctrl+] leaves.")

    def _hold(self, words: str) -> None:
        self.state = "held"
        self._say(f"{words} Enter takes it over. Ctrl+] leaves.")

    # -- bytes -----------------------------------------------------------------------------------

    def _typed(self, *_: object) -> None:
        try:
            data = os.read(0, BLOCK)
        except OSError:
            data = b""
        text, leaves = keys(data)
        if leaves or not data:
            self._send(text)
            self._drop()
            if data and self.state != "closing":
                self._say("Left. The VM goes on.")
            self._leave(int(self.state == "closing"))
        elif self.state == "open":
            self._send(text)
        elif any(key in text for key in ENTER):
            if self.state == "closing":
                self._leave(1)
            elif self.state == "held":
                self._take_over()

    def _take_over(self) -> None:
        try:
            self._open(self._domain(), libvirt.VIR_DOMAIN_CONSOLE_FORCE)
        except libvirt.libvirtError as error:
            self._close(f"libvirt says: {error}.")
        except Trouble as error:
            self._close(str(error))

    def _moved(self, _stream: object, events: int, _: object) -> None:
        """The stream can be read or written, or has ended."""
        if self._stream is None:
            return
        try:
            if events & libvirt.VIR_STREAM_EVENT_READABLE:
                data = self._stream.recv(BLOCK)
                if data == WOULD_BLOCK:
                    return
                if not data:
                    self._lose()
                    return
                os.write(1, data)
            if events & libvirt.VIR_STREAM_EVENT_WRITABLE:
                self._send(b"")
            if events & (libvirt.VIR_STREAM_EVENT_ERROR | libvirt.VIR_STREAM_EVENT_HANGUP):
                self._lose()
        except libvirt.libvirtError:
            self._lose()

    def _send(self, data: bytes) -> None:
        """To the guest, as much as it takes now; the rest when the stream says so."""
        if self._stream is None:
            return
        self._unsent += data
        try:
            while self._unsent:
                sent = self._stream.send(bytes(self._unsent[:BLOCK]))
                if sent == WOULD_BLOCK:
                    break
                del self._unsent[:sent]
        except libvirt.libvirtError:
            self._lose()
            return
        events = libvirt.VIR_STREAM_EVENT_READABLE
        if self._unsent:
            events |= libvirt.VIR_STREAM_EVENT_WRITABLE
        if events != self._events:
            self._events = events
            self._stream.eventUpdateCallback(events)

    def _lose(self) -> None:
        """The stream ended: the VM stopped, or another console took its place."""
        self._drop()
        self.state, self._since = "lost", time.monotonic()

    def _drop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(libvirt.libvirtError):
                stream.eventRemoveCallback()
            with contextlib.suppress(libvirt.libvirtError):
                stream.abort()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="console.py", description="A VM's serial console. Ctrl+] leaves it."
    )
    parser.add_argument("domain")
    parser.add_argument(
        "--wait", type=float, default=WAIT, metavar="SECONDS", help="for a VM that is off"
    )
    args = parser.parse_args()
    if not (os.isatty(0) and os.isatty(1)):
        sys.stderr.write("A console needs a terminal. In a script, `virsh qemu-agent-command`.\n")
        return 2
    return Console(args.domain, wait=args.wait).run()


if __name__ == "__main__":
    sys.exit(main())
