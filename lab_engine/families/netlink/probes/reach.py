"""Questions that send packets: does it answer from there? They test the effect, not the settings.

Each is sent from a place (`lab_engine.common.place`) by a socket of the agent's own. `exists` is
false when that place is not there. What went wrong is `problem`: empty, or one of `timeout`,
`refused`, `unreachable` (no route, or a router said so), `closed` (it hung up), `malformed` (the
answer is none of its kind), `unknown-name`. Event topics: everything that shapes the network.
"""

from __future__ import annotations

import re
from typing import ClassVar

import msgspec

from lab_engine.common.place import BENCH, Place, Placed
from lab_engine.common.probe import Probe, Reading

SECONDS_LIMIT = 5.0
TOPICS = frozenset(
    {"link", "address", "route", "netns", "nft", "process", "docker:container", "docker:network"}
)


_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]*\Z")


def host_problem(host: str) -> str:
    """Why `host` cannot be what the header `Host` says; empty when it can (RFC 9110, 7.2)."""
    return "" if _HOST.match(host) else f"{host!r} is no name of a host"


class ReachReading(Reading, frozen=True):
    """`milliseconds` is the shortest way there and back, None when nothing came back.

    `out` is the interface by which the place's routes send it, and `via` the router; `back` is the
    interface at which the answer arrived. Both are `lo` for an address of the place itself.
    `namespace` is the inode of the place's network namespace. A guest does not tell at which
    interface an answer arrived: there `back` is `out`, and `namespace` 0.
    """

    drifts: ClassVar[frozenset[str]] = frozenset({"sent", "milliseconds"})

    exists: bool = True
    sent: int = 0
    received: int = 0
    milliseconds: float | None = None
    problem: str = ""
    out: str = ""
    via: str = ""
    back: str = ""
    namespace: int = 0

    @property
    def reached(self) -> bool:
        """Whether at least one answer came back."""
        return self.received > 0


class ReachProbe(Placed, Probe[ReachReading], frozen=True, tag="reach"):
    """Pings an address of IPv4 or IPv6 (ICMP echo), up to `count` times until one answers.

    `seconds` is how long each may take. Against a silent address it takes count x seconds.

    Example::

        ReachProbe("10.0.0.2", place.host("red"))
        reading.reached
    """

    address: str
    place: Place = BENCH
    count: int = 2
    seconds: float = 0.5

    reading: ClassVar[type[msgspec.Struct]] = ReachReading
    in_guests: ClassVar[bool] = True

    def topics(self) -> frozenset[str]:
        return TOPICS


class ConnectReading(Reading, frozen=True):
    """`first` is what the other side says by itself within the time, as text."""

    exists: bool = True
    connected: bool = False
    problem: str = ""
    first: str = ""


class ConnectProbe(Placed, Probe[ConnectReading], frozen=True, tag="connect"):
    """Opens a TCP connection. With `listen`, waits up to so many seconds for a first word.

    Example::

        ConnectProbe("10.0.0.2", 22, place.host("red"), listen=1.0)
        reading.connected and reading.first.startswith("SSH-2.0")
    """

    address: str
    port: int
    place: Place = BENCH
    seconds: float = 2.0
    listen: float = 0.0

    reading: ClassVar[type[msgspec.Struct]] = ConnectReading
    in_guests: ClassVar[bool] = True

    def topics(self) -> frozenset[str]:
        return TOPICS


class HttpReading(Reading, frozen=True):
    """`status` is 0 when there was no answer; `body` is cut at the probe's limit."""

    drifts: ClassVar[frozenset[str]] = frozenset({"headers"})

    exists: bool = True
    status: int = 0
    body: str = ""
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    problem: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class HttpProbe(Placed, Probe[HttpReading], frozen=True, tag="http"):
    """One GET, without following redirects.

    A name in the URL is looked up as the place does: its hosts file, then its name server. `host`
    is what the header `Host` says; what the URL says when empty. A router of many sites goes by it.

    Example::

        HttpProbe("http://127.0.0.1:8080/", host="shop.lab.test")
        reading.ok and "hello" in reading.body
    """

    url: str
    place: Place = BENCH
    seconds: float = 3.0
    limit: int = 65536
    host: str = ""

    reading: ClassVar[type[msgspec.Struct]] = HttpReading
    in_guests: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.url.startswith("http://"):
            raise ValueError(f"{self.url!r} does not begin with http://")
        if host_problem(self.host):
            raise ValueError(host_problem(self.host))

    def topics(self) -> frozenset[str]:
        return TOPICS


class DnsReading(Reading, frozen=True):
    """`answers` are texts: addresses for A and AAAA, names for CNAME, NS and PTR, texts for TXT.

    `code` is the server's: `NOERROR`, `NXDOMAIN`, `SERVFAIL`, ... and empty without an answer.
    """

    exists: bool = True
    server: str = ""
    code: str = ""
    answers: tuple[str, ...] = ()
    problem: str = ""


class DnsProbe(Placed, Probe[DnsReading], frozen=True, tag="dns"):
    """Asks a name server; the first one of the place's resolv.conf when empty.

    Over UDP, and over TCP when the answer was cut off. `seconds` is for both together.

    Example::

        DnsProbe("alpha.lab.test", server="192.168.130.1")
        reading.code == "NOERROR" and len(reading.answers) == 1
    """

    query: str
    place: Place = BENCH
    server: str = ""
    record: str = "A"
    port: int = 53
    seconds: float = 2.0

    reading: ClassVar[type[msgspec.Struct]] = DnsReading

    def topics(self) -> frozenset[str]:
        return TOPICS
