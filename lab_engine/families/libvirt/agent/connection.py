"""Connections to the bench's libvirt: one a thread, kept alive, with errors told by their codes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import libvirt

from lab_engine.common.patience import patient
from lab_engine.errors import DaemonDown, ProviderError
from lab_engine.families.libvirt.family import FAMILY
from lab_engine.kernel import sockets

URI: Final = "qemu:///system"
# libvirt's calls have no time limit of their own. Keepalive is what ends one when the daemon hangs.
KEEPALIVE_SECONDS: Final = 5
KEEPALIVE_MISSES: Final = 3
OPEN_SECONDS: Final = 8.0
_local = threading.local()
_opener = threading.Lock()

# Codes that mean that libvirt itself is not there, when they come from its remote protocol.
_LOST: Final = (
    libvirt.VIR_ERR_INTERNAL_ERROR,
    libvirt.VIR_ERR_SYSTEM_ERROR,
    libvirt.VIR_ERR_RPC,
    libvirt.VIR_ERR_INVALID_CONN,
    libvirt.VIR_ERR_NO_CONNECT,
)
_REMOTE: Final = (libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_REMOTE, libvirt.VIR_FROM_NONE)
ABSENT_CODES: Final = (
    libvirt.VIR_ERR_NO_DOMAIN,
    libvirt.VIR_ERR_NO_NETWORK,
    libvirt.VIR_ERR_NO_STORAGE_POOL,
    libvirt.VIR_ERR_NO_STORAGE_VOL,
    libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT,
    libvirt.VIR_ERR_NO_DOMAIN_METADATA,
)


@cache
def start_event_loop() -> threading.Thread:
    """Run libvirt's own event loop, in a thread: what keepalive and events of connections need.

    Must be called before the first connection of the process is opened.
    """
    # Otherwise libvirt prints every error to the agent's standard error as well.
    libvirt.registerErrorHandler(lambda *_: None, None)
    libvirt.virEventRegisterDefaultImpl()

    def turn() -> None:
        while True:
            libvirt.virEventRunDefaultImpl()

    thread = threading.Thread(target=turn, name="libvirt-events", daemon=True)
    thread.start()
    return thread


def connect() -> Any:
    """This thread's connection (a `libvirt.virConnect`), opened anew when it was lost.

    A daemon that does not answer for twenty seconds ends every call on it.

    Raises:
        DaemonDown: libvirtd does not answer.
    """
    start_event_loop()
    connection = getattr(_local, "connection", None)
    if connection is not None:
        try:
            # Looks at the state of the socket only, so it costs no call.
            if connection.isAlive():
                return connection
        except libvirt.libvirtError:
            _local.connection = None
    try:
        connection = _open()
        connection.setKeepAlive(KEEPALIVE_SECONDS, KEEPALIVE_MISSES)
    except libvirt.libvirtError as error:
        raise DaemonDown("libvirtd does not answer in the bench", daemon="libvirt") from error
    _local.connection = connection
    return connection


def _open() -> Any:
    """A new connection. Raises DaemonDown or libvirtError.

    libvirt waits for the first answer without any limit, so a thread of its own does, and one at
    most: what it is given late is dropped.
    """
    silent = DaemonDown("libvirtd does not answer in the bench", daemon="libvirt")
    if not _opener.acquire(timeout=patient(OPEN_SECONDS)):
        raise silent
    answer: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(libvirt.open(URI))
        except libvirt.libvirtError as error:
            answer.put(error)
        finally:
            _opener.release()

    threading.Thread(target=ask, name="libvirt-opens", daemon=True).start()
    try:
        opened = answer.get(timeout=patient(OPEN_SECONDS))
    except queue.Empty:
        raise silent from None
    if isinstance(opened, libvirt.libvirtError):
        raise opened
    return opened


def listen(stopping: threading.Event, register: Callable[[Any], None]) -> None:
    """Have a connection of its own tell events, until `stopping` is set or it is lost.

    `register` is given the connection; nothing happens when libvirtd does not run.
    """
    # Asked first with a time limit: libvirt.open has none.
    if FAMILY.daemon is None or not sockets.answers(FAMILY.daemon.socket):
        return
    start_event_loop()
    connection = libvirt.open(URI)
    try:
        connection.setKeepAlive(KEEPALIVE_SECONDS, KEEPALIVE_MISSES)
        register(connection)
        # The callbacks come in the thread of libvirt's event loop. This one only waits for the end.
        while not stopping.wait(1.0):
            if not connection.isAlive():
                return
    finally:
        connection.close()


@contextmanager
def told(what: str, resource: str = "") -> Iterator[None]:
    """Turn libvirt's errors into ours. `what` says what was asked, as in "starting it"."""
    try:
        yield
    except libvirt.libvirtError as error:
        if error.get_error_domain() in _REMOTE and error.get_error_code() in _LOST:
            raise DaemonDown(f"libvirtd went away while {what}", daemon="libvirt") from error
        raise ProviderError(
            f"libvirt refused, while {what}: {error.get_error_message() or error}",
            resource=resource,
        ) from error


def found(look: Callable[..., Any], *arguments: object) -> Any:
    """What a look-up by name returns, or None when there is no such thing."""
    try:
        return look(*arguments)
    except libvirt.libvirtError as error:
        if error.get_error_code() in ABSENT_CODES:
            return None
        raise


def quietly_absent(act: Callable[[], Any], *also: int) -> None:
    """Do something that must not fail because the thing is gone, or in the state already."""
    try:
        act()
    except libvirt.libvirtError as error:
        if error.get_error_code() not in (*ABSENT_CODES, *also):
            raise
