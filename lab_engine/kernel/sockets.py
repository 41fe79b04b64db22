"""Whether a Unix socket has somebody behind it, and who that is."""

from __future__ import annotations

import socket
import struct

_UCRED = struct.Struct("3i")
"""pid, uid, gid"""
LIMIT = 1.0
"""Seconds that a connection may take: a daemon whose queue is full does not answer."""


def answers(path: str) -> bool:
    """Whether something accepts connections on the socket at `path` (unix(7))."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(LIMIT)
        try:
            sock.connect(path)
        except OSError:
            return False
    return True


def peer(path: str) -> int:
    """The process that listens on the socket at `path` (SO_PEERCRED, unix(7)).

    It is the one that called listen(2): whoever binds another socket over the same path is another
    peer. Raises OSError when nobody answers.
    """
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(LIMIT)
        sock.connect(path)
        raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    pid: int = _UCRED.unpack(raw)[0]
    return pid
