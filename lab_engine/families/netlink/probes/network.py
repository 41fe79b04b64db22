"""Questions about interfaces, addresses, routes, bridges, sockets and the packet filter.

Each asks from a place (`lab_engine.common.place`). Where the place is not there (any more), such as
a stopped container, a reading says `exists` false. Names of interfaces may be altnames. Event
topics: `link`, `address`, `route`, `netns`, `nft`, besides `process` and `docker:container`, which
make and end places.
"""

from __future__ import annotations

import ipaddress
from typing import Any, ClassVar

import msgspec

from lab_engine.common.place import BENCH, Place, Placed
from lab_engine.common.probe import Probe, Reading

PLACE_TOPICS = frozenset({"netns", "process", "docker:container"})


class LinkReading(Reading, frozen=True):
    """An interface.

    `kind` is what `ip link add type` takes (`veth`, `bridge`, ...), empty for loopback and real
    devices. `up` is the switch, `state` what the kernel makes of it (`up`, `down`,
    `lowerlayerdown`, `unknown`). `master` is the bridge that it is a port of. For one end of a
    veth, `peer` is the other end's name and `peer_place` the place where that is; both are empty
    when that is in none of the places that can be named. `addresses` are as in `ip -br addr`.
    `namespace` is the inode of the place's network namespace, as `lsns` shows it.
    """

    exists: bool = True
    name: str = ""
    index: int = 0
    kind: str = ""
    up: bool = False
    state: str = ""
    mac: str = ""
    mtu: int = 0
    master: str = ""
    alias: str = ""
    altnames: tuple[str, ...] = ()
    peer: str = ""
    peer_index: int = 0
    peer_place: Place = ""
    addresses: tuple[str, ...] = ()
    namespace: int = 0


class LinkProbe(Placed, Probe[LinkReading], frozen=True, tag="link"):
    """One interface, by name.

    Example::

        LinkProbe("eth0", place.host("red"))
        reading.up and reading.kind == "veth" and reading.peer_place == BENCH
    """

    link: str
    place: Place = BENCH

    reading: ClassVar[type[msgspec.Struct]] = LinkReading
    in_guests: ClassVar[bool] = True

    def topics(self) -> frozenset[str]:
        return PLACE_TOPICS | {"link", "address"}


class LinksReading(Reading, frozen=True):
    """All interfaces of a place, loopback included, in the order in which they were made."""

    exists: bool = True
    links: tuple[LinkReading, ...] = ()

    def named(self, name: str) -> LinkReading:
        """The one with that name or altname; `exists` is false when there is none."""
        found = (link for link in self.links if name in (link.name, *link.altnames))
        return next(found, LinkReading(exists=False))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(link.name for link in self.links)


class LinksProbe(Placed, Probe[LinksReading], frozen=True, tag="links"):
    """All interfaces of a place. Where their peers are is left out: LinkProbe says it.

    Example::

        LinksProbe(place.host("red"))
        reading.names == ("lo", "eth0")
    """

    place: Place = BENCH

    reading: ClassVar[type[msgspec.Struct]] = LinksReading
    in_guests: ClassVar[bool] = True

    def topics(self) -> frozenset[str]:
        return PLACE_TOPICS | {"link", "address"}


class AddressReading(Reading, frozen=True):
    """An address with its prefix length; `scope` is global, link or host."""

    interface: str
    cidr: str
    scope: str

    @property
    def ip(self) -> str:
        return self.cidr.partition("/")[0]


class AddressesReading(Reading, frozen=True):
    exists: bool = True
    addresses: tuple[AddressReading, ...] = ()

    def of(self, interface: str) -> tuple[str, ...]:
        """The addresses of one interface, with their prefix lengths."""
        return tuple(a.cidr for a in self.addresses if a.interface == interface)

    def has(self, address: str) -> bool:
        """Whether the address is there; with a prefix length (`10.0.0.1/24`) that must be right."""
        return any(address in (a.cidr, a.ip) for a in self.addresses)

    def within(self, network: str) -> tuple[AddressReading, ...]:
        """The addresses in a network such as `10.0.0.0/24`."""
        wanted = ipaddress.ip_network(network)
        return tuple(a for a in self.addresses if ipaddress.ip_address(a.ip) in wanted)


class AddressesProbe(Placed, Probe[AddressesReading], frozen=True, tag="addresses"):
    """All addresses of a place, those of loopback included.

    Example::

        AddressesProbe(place.host("red"))
        reading.has("10.0.0.1/24")
    """

    place: Place = BENCH

    reading: ClassVar[type[msgspec.Struct]] = AddressesReading
    in_guests: ClassVar[bool] = True

    def topics(self) -> frozenset[str]:
        return PLACE_TOPICS | {"link", "address"}


class RouteReading(Reading, frozen=True):
    """A route. `to` is a network (`0.0.0.0/0` for the default route), `via` empty on the wire.

    `protocol` says who made it: `kernel`, `boot` (by hand), `static`, `dhcp`, or a number.
    """

    to: str
    via: str = ""
    dev: str = ""
    metric: int = 0
    protocol: str = ""
    table: int = 254


class RoutesReading(Reading, frozen=True):
    exists: bool = True
    routes: tuple[RouteReading, ...] = ()

    def to(self, network: str) -> tuple[RouteReading, ...]:
        """The routes to exactly this network; `default` is the one of IPv4."""
        wanted = "0.0.0.0/0" if network == "default" else network
        return tuple(route for route in self.routes if route.to == wanted)


class RoutesProbe(Placed, Probe[RoutesReading], frozen=True, tag="routes"):
    """The ordinary routes of a place in one table, 254 being `main`.

    Example::

        RoutesProbe(place.host("red"))
        any(route.via == "10.0.0.254" for route in reading.to("default"))
    """

    place: Place = BENCH
    table: int = 254

    reading: ClassVar[type[msgspec.Struct]] = RoutesReading
    in_guests: ClassVar[bool] = True

    def topics(self) -> frozenset[str]:
        return PLACE_TOPICS | {"link", "address", "route"}


class NetworkNamespaceReading(Reading, frozen=True):
    """A named network namespace.

    `inode` tells namespaces apart, as `lsns` shows it; it is never that of another namespace that
    exists at the same time. `pids` are the processes in it.
    """

    exists: bool = True
    name: str = ""
    inode: int = 0
    forwarding: bool = False
    pids: tuple[int, ...] = ()


class NetworkNamespaceProbe(Probe[NetworkNamespaceReading], frozen=True, tag="netns"):
    """The network namespace that `ip netns` calls `netns`.

    Example::

        NetworkNamespaceProbe("router")
        reading.exists and reading.forwarding
    """

    netns: str

    reading: ClassVar[type[msgspec.Struct]] = NetworkNamespaceReading

    def topics(self) -> frozenset[str]:
        return frozenset({"netns", "process"})


class NetworkNamespacesReading(Reading, frozen=True):
    """Names of network namespaces and their inodes; `bench` is the inode of the bench itself."""

    bench: int
    namespaces: dict[str, int]


class NetworkNamespacesProbe(Probe[NetworkNamespacesReading], frozen=True, tag="netns-list"):
    """All network namespaces that have a name.

    Example::

        NetworkNamespacesProbe()
        "red" in reading.namespaces
    """

    reading: ClassVar[type[msgspec.Struct]] = NetworkNamespacesReading

    def topics(self) -> frozenset[str]:
        return frozenset({"netns"})


class BridgePortReading(Reading, frozen=True):
    """An interface as a port. `state` is forwarding, learning, listening, blocking or disabled."""

    exists: bool = True
    bridge: str = ""
    state: str = ""
    up: bool = False


class BridgePortProbe(Placed, Probe[BridgePortReading], frozen=True, tag="bridge-port"):
    """The bridge of an interface. One that is a port of none does not exist, as a port.

    Example::

        BridgePortProbe("p-red")
        reading.bridge == "br-lab" and reading.state == "forwarding"
    """

    link: str
    place: Place = BENCH

    reading: ClassVar[type[msgspec.Struct]] = BridgePortReading

    def topics(self) -> frozenset[str]:
        return PLACE_TOPICS | {"link"}


class ForwardingReading(Reading, frozen=True):
    exists: bool = True
    ipv4: bool = False
    ipv6: bool = False


class ForwardingProbe(Placed, Probe[ForwardingReading], frozen=True, tag="forwarding"):
    """Whether a place passes on packets between its interfaces. No event tells of a change.

    Example::

        ForwardingProbe(place.host("router"))
        reading.ipv4
    """

    place: Place = BENCH

    reading: ClassVar[type[msgspec.Struct]] = ForwardingReading

    def topics(self) -> frozenset[str]:
        return PLACE_TOPICS


class FirewallRule(msgspec.Struct, frozen=True):
    """One rule; `expressions` are those of libnftables-json(5), `hook` its chain's, if any."""

    family: str
    table: str
    chain: str
    hook: str
    expressions: tuple[dict[str, Any], ...]
    comment: str = ""


class FirewallChain(msgspec.Struct, frozen=True):
    """One chain; the last four are empty for one that is not called by the kernel itself."""

    family: str
    table: str
    name: str
    type: str = ""
    hook: str = ""
    priority: int | None = None
    policy: str = ""


class FirewallReading(Reading, frozen=True):
    """The packet filter of a place as nft sees it; `tables` are texts such as `ip nat`."""

    exists: bool = True
    tables: tuple[str, ...] = ()
    chains: tuple[FirewallChain, ...] = ()
    rules: tuple[FirewallRule, ...] = ()

    def at(self, hook: str) -> tuple[FirewallRule, ...]:
        """The rules of the chains at a hook, such as `postrouting`."""
        return tuple(rule for rule in self.rules if rule.hook == hook)


class FirewallProbe(Placed, Probe[FirewallReading], frozen=True, tag="firewall"):
    """All rules of a place, those of `iptables-nft` included.

    Example::

        FirewallProbe(place.host("router"))
        len(reading.at("postrouting")) > 0
    """

    place: Place = BENCH

    reading: ClassVar[type[msgspec.Struct]] = FirewallReading

    def topics(self) -> frozenset[str]:
        return PLACE_TOPICS | {"nft"}


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
