"""Network namespaces, bridges, veth links, addresses, routes and firewall rules in the bench."""

from __future__ import annotations

import ipaddress
import re
from typing import Final, Literal

import msgspec

from lab_engine.common.resource import Need, Resource

INTERFACE_LIMIT: Final = 15
"""IFNAMSIZ without the final zero (netdevice(7))."""
MTU_RANGE: Final = (68, 65535)

_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z")
_SHORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}\Z")
"""Names of addresses and routes stand with their details in an altname of at most 127 bytes."""


def interface_problem(name: str) -> str:
    """Why `name` cannot be an interface's name, in a few words; empty when it can."""
    if len(name) > INTERFACE_LIMIT:
        return f"{name!r} has {len(name)} characters, an interface's name at most {INTERFACE_LIMIT}"
    if not _INTERFACE.match(name):
        return f"{name!r} is not a name that an interface may have"
    if name in ("lo", "all", "default"):
        return f"{name!r} is a name that the kernel keeps for itself"
    return ""


def _host_need(host: str) -> tuple[Need, ...]:
    return (Need(f"host/{host}"),) if host else ()


class Host(Resource, frozen=True, kw_only=True, tag="host"):
    """A network namespace at `/run/netns/<name>`, with loopback up.

    `forwarding`: whether it routes IPv4 and IPv6 between its interfaces.

    Example::

        Host("router", forwarding=True)
    """

    forwarding: bool = False


class Bridge(Resource, frozen=True, kw_only=True, tag="bridge"):
    """A bridge without spanning tree; its name is the interface's name.

    `host` is where it is: the name of a `host`, empty for the bench itself. In the bench itself
    Docker drops frames between its ports when `br_netfilter` is loaded; in a host nothing does.

    Example::

        Bridge("br-lab")
    """

    host: str = ""
    mtu: int = 1500

    def validate(self) -> None:
        if problem := interface_problem(self.name):
            raise self.wrong("name", problem)
        if not MTU_RANGE[0] <= self.mtu <= MTU_RANGE[1]:
            raise self.wrong("mtu", f"{self.mtu} is not from {MTU_RANGE[0]} to {MTU_RANGE[1]}")

    def needs(self) -> tuple[Need, ...]:
        return _host_need(self.host)


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One end of a link.

    Args:
        interface: its name there.
        host: the name of a `host`; empty for the bench itself.
        bridge: the name of a `bridge` of the step, in the same host, whose port it is.
        master: instead, the interface of a bridge that the step does not declare (`docker0`).
        mac: such as `02:00:00:00:00:01`; the kernel draws one when empty.
    """

    interface: str
    host: str = ""
    bridge: str = ""
    master: str = ""
    mac: str = ""

    @property
    def port_of(self) -> str:
        """The bridge's interface, if it is a port."""
        return self.bridge or self.master


class Link(Resource, frozen=True, kw_only=True, tag="link"):
    """A veth pair: a cable between two ends, both up.

    Example::

        Link("red", a=End("p-red", bridge="br-lab"), b=End("eth0", host="red"))
    """

    a: End
    b: End
    mtu: int = 1500

    def validate(self) -> None:
        for field, end in (("a", self.a), ("b", self.b)):
            if problem := interface_problem(end.interface):
                raise self.wrong(f"{field}.interface", problem)
            if end.bridge and end.master:
                raise self.wrong(f"{field}.master", "cannot be given together with bridge")
            if end.mac:
                if not _MAC.match(end.mac):
                    raise self.wrong(
                        f"{field}.mac",
                        f"{end.mac!r} is not six pairs of lower-case hex digits with colons",
                    )
                if int(end.mac[:2], 16) & 1:
                    raise self.wrong(f"{field}.mac", f"{end.mac} is a group address")
        if (self.a.host, self.a.interface) == (self.b.host, self.b.interface):
            raise self.wrong("b.interface", "both ends have one name in one place")
        if not MTU_RANGE[0] <= self.mtu <= MTU_RANGE[1]:
            raise self.wrong("mtu", f"{self.mtu} is not from {MTU_RANGE[0]} to {MTU_RANGE[1]}")

    def needs(self) -> tuple[Need, ...]:
        found = (*_host_need(self.a.host), *_host_need(self.b.host))
        bridges = tuple(Need(f"bridge/{e.bridge}") for e in (self.a, self.b) if e.bridge)
        return tuple(dict.fromkeys((*found, *bridges)))


class Address(Resource, frozen=True, kw_only=True, tag="address"):
    """An IP address with its prefix length on an interface.

    Args:
        cidr: such as `10.0.0.1/24` or `fd00::1/64`.
        interface: which one.
        host: where; empty for the bench itself.
        link: the name of the `link` whose end the interface is.
        bridge: instead, the name of the `bridge` that it is. With neither it is `lo`.

    Example::

        Address("red", cidr="10.0.0.1/24", interface="eth0", host="red", link="red")
    """

    cidr: str
    interface: str = "lo"
    host: str = ""
    link: str = ""
    bridge: str = ""

    name_pattern = _SHORT

    def validate(self) -> None:
        try:
            parsed = ipaddress.ip_interface(self.cidr)
        except ValueError as error:
            raise self.wrong("cidr", str(error), hint="Write it as 10.0.0.1/24.") from None
        if "/" not in self.cidr or str(parsed) != self.cidr:
            raise self.wrong("cidr", f"{self.cidr!r} is not written as {parsed}")
        if parsed.version == 4 and parsed.network.prefixlen < 31:
            if parsed.ip == parsed.network.network_address:
                raise self.wrong("cidr", f"{parsed.ip} is the network's own address")
            if parsed.ip == parsed.network.broadcast_address:
                raise self.wrong("cidr", f"{parsed.ip} is the broadcast address")
        if self.link and self.bridge:
            raise self.wrong("bridge", "cannot be given together with link")
        if self.bridge and self.interface not in ("lo", self.bridge):
            raise self.wrong("interface", "is that of the bridge; leave it out")
        if self.interface == "lo":
            if self.link:
                raise self.wrong("interface", f"say which end of link {self.link!r} it is")
        elif not (self.link or self.bridge):
            raise self.wrong(
                "link", f"say which link or bridge of the step makes {self.interface!r}"
            )
        elif problem := interface_problem(self.interface):
            raise self.wrong("interface", problem)

    def needs(self) -> tuple[Need, ...]:
        link = (Need(f"link/{self.link}"),) if self.link else ()
        bridge = (Need(f"bridge/{self.bridge}"),) if self.bridge else ()
        return (*_host_need(self.host), *link, *bridge)

    @property
    def device(self) -> str:
        """The interface that bears it."""
        return self.bridge or self.interface


class Route(Resource, frozen=True, kw_only=True, tag="route"):
    """A route in the main table of a host.

    Args:
        to: `default` (IPv4), or a network such as `10.1.0.0/16`, `::/0`.
        via: the next hop's address.
        dev: the interface; enough without `via` for a network on the wire.
        host: where; empty for the bench itself.
        address: the name of the `address` of the step by which the next hop is reached.
        metric: 0 for the kernel's default.

    Example::

        Route("out", to="default", via="10.0.0.254", host="red", address="red")
    """

    to: str
    via: str = ""
    dev: str = ""
    host: str = ""
    address: str = ""
    metric: int = 0

    name_pattern = _SHORT

    def validate(self) -> None:
        try:
            network = ipaddress.ip_network(self.destination)
        except ValueError as error:
            raise self.wrong("to", str(error), hint="Write `default` or 10.1.0.0/16.") from None
        if not (self.via or self.dev):
            raise self.wrong("via", "a route needs a next hop or an interface")
        if self.via:
            try:
                hop = ipaddress.ip_address(self.via)
            except ValueError as error:
                raise self.wrong("via", str(error)) from None
            if hop.version != network.version:
                raise self.wrong("via", f"{self.via} is not of the family of {self.to}")
        if self.dev and self.dev != "lo" and (problem := interface_problem(self.dev)):
            raise self.wrong("dev", problem)
        if self.metric < 0:
            raise self.wrong("metric", f"{self.metric} is below 0")

    def needs(self) -> tuple[Need, ...]:
        address = (Need(f"address/{self.address}"),) if self.address else ()
        return (*_host_need(self.host), *address)

    @property
    def destination(self) -> str:
        """`to` as a network."""
        return "0.0.0.0/0" if self.to == "default" else self.to


Protocol = Literal["", "tcp", "udp", "icmp", "icmpv6"]


def _network_problem(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        return str(error)
    return ""


class Nat(Resource, frozen=True, kw_only=True, tag="nat"):
    """One rule of address translation in a host.

    Args:
        action: `masquerade` gives packets that leave the sender address of the interface by which
            they leave; `dnat` sends packets that arrive on to another address.
        host: where; empty for the bench itself.
        source: only packets from this network.
        out_interface: only packets that leave there (masquerade).
        in_interface: only packets that arrive there (dnat).
        protocol, port: only packets to this port (dnat).
        to_address, to_port: where `dnat` sends them; the port stays when 0.

    Example::

        Nat("out", action="masquerade", source="10.0.0.0/24", out_interface="eth1", host="router")
    """

    action: Literal["masquerade", "dnat"]
    host: str = ""
    source: str = ""
    out_interface: str = ""
    in_interface: str = ""
    protocol: Literal["", "tcp", "udp"] = ""
    port: int = 0
    to_address: str = ""
    to_port: int = 0

    def validate(self) -> None:
        if self.source and (problem := _network_problem(self.source)):
            raise self.wrong("source", problem)
        for field in ("port", "to_port"):
            if not 0 <= getattr(self, field) < 65536:
                raise self.wrong(field, f"{getattr(self, field)} is not a port")
        if (self.port or self.to_port) and not self.protocol:
            raise self.wrong("protocol", "a port belongs to tcp or udp")
        if self.action == "masquerade":
            for field in ("in_interface", "protocol", "port", "to_address", "to_port"):
                if getattr(self, field):
                    raise self.wrong(field, "is of no use to masquerade")
            if not (self.source or self.out_interface):
                raise self.wrong("source", "say which packets: from where, or leaving where")
            return
        if self.out_interface:
            raise self.wrong("out_interface", "is not known yet when dnat acts")
        try:
            ipaddress.ip_address(self.to_address)
        except ValueError as error:
            raise self.wrong("to_address", str(error)) from None

    def needs(self) -> tuple[Need, ...]:
        return _host_need(self.host)


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule of a Filter; what is empty matches everything. `port` is the one asked for."""

    action: Literal["accept", "drop", "reject"]
    protocol: Protocol = ""
    port: int = 0
    source: str = ""
    destination: str = ""
    in_interface: str = ""
    out_interface: str = ""
    state: tuple[Literal["new", "established", "related", "invalid"], ...] = ()


class Filter(Resource, frozen=True, kw_only=True, tag="filter"):
    """Rules in order, for packets at one place in the kernel, in a table of its own.

    Args:
        hook: `input` (to the host), `forward` (through it) or `output` (from it).
        rules: the first that matches decides.
        policy: what happens to packets that none matches.
        host: where; empty for the bench itself.

    Example::

        Filter(
            "guard",
            hook="input",
            host="red",
            rules=(
                Rule("accept", state=("established", "related")),
                Rule("accept", protocol="tcp", port=22, source="10.0.0.0/24"),
            ),
            policy="drop",
        )
    """

    hook: Literal["input", "forward", "output"]
    rules: tuple[Rule, ...]
    policy: Literal["accept", "drop"] = "accept"
    host: str = ""

    def validate(self) -> None:
        if not self.rules:
            raise self.wrong("rules", "has no rule")
        for index, rule in enumerate(self.rules):
            at = f"rules[{index}]"
            if not 0 <= rule.port < 65536:
                raise self.wrong(f"{at}.port", f"{rule.port} is not a port")
            if rule.port and rule.protocol not in ("tcp", "udp"):
                raise self.wrong(f"{at}.port", "a port belongs to tcp or udp")
            for field in ("source", "destination"):
                value = getattr(rule, field)
                if value and (problem := _network_problem(value)):
                    raise self.wrong(f"{at}.{field}", problem)

    def needs(self) -> tuple[Need, ...]:
        return _host_need(self.host)
