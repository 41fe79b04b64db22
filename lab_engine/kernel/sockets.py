"""Who is behind a Unix socket, and who waits at a port: what the kernel tells of sockets."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

_UCRED = struct.Struct("3i")
"""pid, uid, gid"""
LIMIT = 1.0
"""Seconds that a connection may take: a daemon whose queue is full does not answer."""


WAITING: Final = {"tcp": "0A", "udp": "07"}
"""TCP_LISTEN, and TCP_CLOSE, in which a UDP socket is that is not connected (net/tcp_states.h)."""


class Waiting(NamedTuple):
    """A socket that takes connections (tcp) or datagrams (udp)."""

    protocol: str
    address: str
    port: int
    inode: str


def waiting(protocol: str, table: str) -> Iterator[Waiting]:
    """Those of `/proc/net/tcp` and its like (proc_pid_net(5)), of IPv4 or IPv6."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if fields[3] != WAITING[protocol]:
            continue
        raw, _, port = fields[1].partition(":")
        words = bytes.fromhex(raw)
        # Each 32-bit word is written in the machine's byte order.
        packed = b"".join(
            socket.htonl(int.from_bytes(words[i : i + 4], "big")).to_bytes(4, "big")
            for i in range(0, len(words), 4)
        )
        yield Waiting(protocol, str(ipaddress.ip_address(packed)), int(port, 16), fields[9])


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
