"""Questions about the HAProxy that run in the bench, put to their stats sockets.

No event tells of a change of a server's state; that of the process is `process`. Source: HAProxy's
management guide, "Unix Socket commands" and "Statistics and monitoring".
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading


class HaproxyServer(msgspec.Struct, frozen=True):
    """A server as HAProxy sees it.

    `status` is `UP`, `DOWN`, `MAINT`, `DRAIN`, `NOLB`, or `no check` where nobody looks whether it
    is well. `check` is what the latest look said: `L7OK` for a good answer, `L4OK` for a connection
    alone, `L4CON`, `L4TOUT`, `L7STS` and so on for what was wrong.
    """

    backend: str
    name: str
    address: str
    status: str
    check: str = ""


class HaproxyReading(Reading, frozen=True):
    """One HAProxy. `sessions` counts what each server (`backend/name`) was given since its start.

    `pid` is a process that holds the socket.
    """

    drifts: ClassVar[frozenset[str]] = frozenset({"sessions"})

    exists: bool = True
    pid: int = 0
    servers: tuple[HaproxyServer, ...] = ()
    frontends: dict[str, str] = msgspec.field(default_factory=dict)
    """Name to state, such as `OPEN`."""
    sessions: dict[str, int] = msgspec.field(default_factory=dict)

    def at(self, address: str) -> HaproxyServer | None:
        """The server at `address:port`."""
        return next((one for one in self.servers if one.address == address), None)


class HaproxyProbe(Probe[HaproxyReading], frozen=True, tag="haproxy"):
    """What the HAProxy behind the stats socket at a path knows; whoever else is there is none.

    Example::

        HaproxyProbe("/run/haproxy.sock")
        all(one.status == "UP" for one in reading.servers)
    """

    socket: str

    reading: ClassVar[type[msgspec.Struct]] = HaproxyReading

    def topics(self) -> frozenset[str]:
        return frozenset({"process"})


class HaproxiesReading(Reading, frozen=True):
    """The paths of the stats sockets of all HAProxy that run, sorted."""

    sockets: tuple[str, ...] = ()


class HaproxiesProbe(Probe[HaproxiesReading], frozen=True, tag="haproxies"):
    """All HAProxy with a stats socket.

    Example::

        HaproxiesProbe()
        "/run/haproxy.sock" in reading.sockets
    """

    reading: ClassVar[type[msgspec.Struct]] = HaproxiesReading

    def topics(self) -> frozenset[str]:
        return frozenset({"process"})
