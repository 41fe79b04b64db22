"""Questions about the sockets that wait in a place, and who holds them.

Places, and what makes and ends them, are as in `lab_engine.families.netlink.probes.network`.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.place import BENCH, Place, Placed
from lab_engine.common.probe import Probe, Reading
from lab_engine.families.netlink.probes.network import PLACE_TOPICS


class Holder(msgspec.Struct, frozen=True):
    """A process that holds a socket: what it runs, and the id of the container that it runs in."""

    pid: int
    program: str = ""
    exe: str = ""
    argv: tuple[str, ...] = ()
    container: str = ""


class SocketReading(Reading, frozen=True):
    """A socket that waits: for connections (tcp) or for datagrams (udp).

    `address` is `0.0.0.0` or `::` when it takes all. `holders` are the processes that hold it, in
    order of their numbers: a server and its workers, usually; none when it is not of this bench.
    """

    protocol: str
    address: str
    port: int
    holders: tuple[Holder, ...] = ()

    @property
    def pid(self) -> int:
        """One process that holds it; 0 when none of the bench's does."""
        return self.holders[0].pid if self.holders else 0

    @property
    def program(self) -> str:
        return self.holders[0].program if self.holders else ""


class SocketsReading(Reading, frozen=True):
    exists: bool = True
    sockets: tuple[SocketReading, ...] = ()

    def on(self, port: int, protocol: str = "tcp") -> tuple[SocketReading, ...]:
        return tuple(s for s in self.sockets if s.port == port and s.protocol == protocol)


class SocketsProbe(Placed, Probe[SocketsReading], frozen=True, tag="sockets"):
    """The sockets that wait in a place, of IPv4 and IPv6. No event tells of a change.

    Example::

        SocketsProbe(place.container("web"))
        any(one.program == "httpd" for one in reading.on(80))
    """

    place: Place = BENCH

    reading: ClassVar[type[msgspec.Struct]] = SocketsReading
    in_guests: ClassVar[bool] = True

    def topics(self) -> frozenset[str]:
        return PLACE_TOPICS
