"""Whether a Unix socket has somebody behind it."""

from __future__ import annotations

import socket

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
