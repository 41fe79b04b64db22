"""Questions about interfaces, addresses, routes, bridges and named namespaces.

Each asks from a place (`lab_engine.common.place`). Where the place is not there (any more), such as
a stopped container, a reading says `exists` false. Names of interfaces may be altnames. Event
topics: `link`, `address`, `route`, `netns`, besides `process` and `docker:container`, which
make and end places.
"""

from __future__ import annotations

import ipaddress
from typing import ClassVar

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
