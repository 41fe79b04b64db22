"""A socket to the kernel's routing tables in one namespace, and what it tells as plain facts."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from lab_engine.families.netlink.agent import namespaces, wire
from lab_engine.families.netlink.agent.wire import Message, attribute

SECONDS: Final = 10.0
"""How long the kernel may take over one answer."""

_SOL_NETLINK: Final = 270
_CAP_ACK: Final = 10
_EXT_ACK: Final = 11
_STRICT_CHECK: Final = 12
_ERROR: Final = 2
_DONE: Final = 3
_MULTI: Final = 2
_ACK_TLVS: Final = 0x200
_ACK_MESSAGE: Final = 1
_BUFFER: Final = 1 << 18
_ONE_SEND: Final = 32 * 1024

_GONE: Final = (errno.ENODEV, errno.EADDRNOTAVAIL, errno.ESRCH, errno.ENOENT)
"""Answers to the removal of an interface, address or route that is not there."""

_STATES: Final = (
    "unknown",
    "notpresent",
    "down",
    "lowerlayerdown",
    "testing",
    "dormant",
    "up",
)
PORT_STATES: Final = ("disabled", "listening", "learning", "forwarding", "blocking")


class Refused(OSError):
    """The kernel refused a request. `strerror` is its own explanation where it gave one."""


class LinkFacts(msgspec.Struct, frozen=True):
    """One interface as the kernel describes it.

    `kind` is empty for what is not virtual, `peer` the index of what it is tied to (the other end
    of a veth) and `peer_place` the kernel's number for that one's namespace, -1 for the same.
    """

    index: int
    name: str
    kind: str
    up: bool
    state: str
    mac: str
    mtu: int
    master: int
    alias: str
    altnames: tuple[str, ...]
    peer: int
    peer_place: int
    port_state: str
    stp: bool
    group: int


class AddressFacts(msgspec.Struct, frozen=True):
    index: int
    cidr: str
    scope: int


class RouteFacts(msgspec.Struct, frozen=True):
    """A route; `to` is a network, `table` 254 for main, `kind` 1 for an ordinary one."""

    to: str
    via: str
    index: int
    metric: int
    table: int
    protocol: int
    scope: int
    kind: int


class Netlink:
    """Talks netlink(7) in the namespace of the thread that opened it, whoever uses it later."""

    protocol = socket.NETLINK_ROUTE

    def __init__(self) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, self.protocol
        )
        for option in (_CAP_ACK, _EXT_ACK, _STRICT_CHECK):
            self._socket.setsockopt(_SOL_NETLINK, option, 1)
        self._socket.settimeout(SECONDS)
        self._socket.bind((0, 0))
        self._sequence = 0

    def close(self) -> None:
        self._socket.close()

    def do(self, *messages: Message) -> None:
        """Have the kernel do all of it, in order, in one system call where they fit.

        All are tried, also after one that is refused; raises Refused for the first of those.
        """
        self._do(messages)

    def remove(self, *messages: Message) -> None:
        """The same for requests that remove something, where what is gone already is fine.

        An interface takes its addresses and routes with it, and a namespace its interfaces, some
        time after whoever asked for it went on.
        """
        self._do(messages, fine=_GONE)

    def _do(self, messages: Sequence[Message], fine: tuple[int, ...] = ()) -> None:
        batch: list[bytes] = []
        size = 0
        for message in messages:
            self._sequence += 1
            packed = wire.pack(message, self._sequence, wire.NLM_F_ACK)
            if batch and size + len(packed) > _ONE_SEND:
                self._send(batch, fine)
                batch, size = [], 0
            batch.append(packed)
            size += len(packed)
        self._send(batch, fine)

    def _send(self, batch: list[bytes], fine: tuple[int, ...]) -> None:
        self._socket.send(b"".join(batch))
        refused: Refused | None = None
        answered = 0
        while answered < len(batch):
            for kind, flags, _, body in wire.unpack(self._socket.recv(_BUFFER)):
                if kind == _ERROR:
                    answered += 1
                    answer = _refusal(flags, body)
                    if answer and answer.errno not in fine:
                        refused = refused or answer
        if refused:
            raise refused

    def ask(self, message: Message) -> bytes | None:
        """One object; None when the kernel has none such."""
        self._sequence += 1
        self._socket.send(wire.pack(message, self._sequence, 0))
        for kind, flags, _, body in wire.unpack(self._socket.recv(_BUFFER)):
            if kind == _ERROR:
                if refused := _refusal(flags, body):
                    if refused.errno in _NOT_THERE:
                        return None
                    raise refused
                continue
            return body
        return None

    def dump(self, message: Message) -> Iterator[bytes]:
        """All objects of a kind."""
        self._sequence += 1
        self._socket.send(wire.pack(message, self._sequence, wire.NLM_F_DUMP))
        while True:
            for kind, flags, sequence, body in wire.unpack(self._socket.recv(_BUFFER)):
                if sequence != self._sequence:
                    continue
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    if refused := _refusal(flags, body):
                        raise refused
                    return
                yield body
                if not flags & _MULTI:
                    return


class Rtnl(Netlink):
    """Asks for and changes interfaces, addresses and routes (rtnetlink(7))."""

    def links(self) -> list[LinkFacts]:
        """All interfaces, in the order of their indexes."""
        request = wire.link() + attribute(wire.IFLA_EXT_MASK, wire.RTEXT_FILTER_SKIP_STATS)
        return [_link_facts(body) for body in self.dump(Message(wire.RTM_GETLINK, request))]

    def link(self, name: str) -> LinkFacts | None:
        """The interface of that name or altname; None when there is none."""
        request = (
            wire.link()
            + attribute(wire.IFLA_EXT_MASK, wire.RTEXT_FILTER_SKIP_STATS)
            + attribute(wire.IFLA_IFNAME, name)
        )
        body = self.ask(Message(wire.RTM_GETLINK, request))
        return _link_facts(body) if body is not None else None

    def addresses(self, index: int = 0) -> list[AddressFacts]:
        """The addresses of one interface, or of all for 0."""
        request = Message(wire.RTM_GETADDR, wire.address(socket.AF_UNSPEC, 0, index))
        facts = (_address_facts(body) for body in self.dump(request))
        return [fact for fact in facts if fact and index in (0, fact.index)]

    def routes(self) -> list[RouteFacts]:
        """The routes of all tables, in the kernel's order."""
        found: list[RouteFacts] = []
        for family in (socket.AF_INET, socket.AF_INET6):
            body = struct.pack("=BBBBBBBBI", family, 0, 0, 0, 0, 0, 0, 0, 0)
            found += [_route_facts(b) for b in self.dump(Message(wire.RTM_GETROUTE, body))]
        return found

    def forwards(self) -> bool:
        """Whether IPv4 is routed here (`net.ipv4.ip_forward`).

        Not from /proc/sys: there a look-up passes by the entries of every other namespace.
        """
        everywhere = struct.pack("=i", wire.NETCONFA_IFINDEX_ALL)
        request = bytes([socket.AF_INET, 0, 0, 0]) + attribute(wire.NETCONFA_IFINDEX, everywhere)
        body = self.ask(Message(wire.RTM_GETNETCONF, request))
        found = wire.attributes(body, 4) if body else {}
        return wire.number(found.get(wire.NETCONFA_FORWARDING)) != 0

    def place_number(self, descriptor: int) -> int:
        """The number by which this namespace knows that of `descriptor`; -1 when by none."""
        request = bytes(4) + attribute(wire.NETNSA_FD, descriptor)
        body = self.ask(Message(wire.RTM_GETNSID, request))
        found = wire.attributes(body, 4).get(wire.NETNSA_NSID) if body else None
        return struct.unpack("=i", found)[0] if found else -1


_NOT_THERE: Final = (errno.ENODEV, errno.ENOENT, errno.ESRCH, errno.EINVAL, errno.ERANGE)
"""The last two for a name that no interface could have."""


@contextmanager
def rtnl(descriptor: int | None) -> Iterator[Rtnl]:
    """A socket in the namespace of `descriptor`, or in the thread's own for None."""
    with namespaces.inside(descriptor):
        connection = Rtnl()
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def rtnl_of(host: str) -> Iterator[Rtnl]:
    """A socket in a host by name, or in the bench itself.

    Raises FileNotFoundError when there is no such host.
    """
    with namespaces.of_host(host) as descriptor, rtnl(descriptor) as connection:
        yield connection


def _refusal(flags: int, body: bytes) -> Refused | None:
    (code,) = struct.unpack_from("=i", body)
    if code == 0:
        return None
    said = ""
    if flags & _ACK_TLVS:
        # The error is followed by the header of what was asked (NETLINK_CAP_ACK leaves out the
        # rest), then by attributes.
        said = wire.text(wire.attributes(body, 4 + 16).get(_ACK_MESSAGE))
    return Refused(-code, said or os.strerror(-code))


def _mac(value: bytes | None) -> str:
    return value.hex(":") if value else ""


def _link_facts(body: bytes) -> LinkFacts:
    index, flags = wire.link_head(body)
    found = wire.attributes(body, wire.LINK_SIZE)
    info = wire.attributes(found.get(wire.IFLA_LINKINFO, b""))
    kind = wire.text(info.get(wire.IFLA_INFO_KIND))
    port = wire.attributes(info.get(wire.IFLA_INFO_SLAVE_DATA, b""))
    port_state = port.get(wire.IFLA_BRPORT_STATE) if wire.IFLA_MASTER in found else None
    data = wire.attributes(info.get(wire.IFLA_INFO_DATA, b"")) if kind == "bridge" else {}
    operational = wire.number(found.get(wire.IFLA_OPERSTATE))
    place = found.get(wire.IFLA_LINK_NETNSID)
    return LinkFacts(
        index=index,
        name=wire.text(found.get(wire.IFLA_IFNAME)),
        kind=kind,
        up=bool(flags & wire.IFF_UP),
        state=_STATES[operational] if operational < len(_STATES) else "unknown",
        mac=_mac(found.get(wire.IFLA_ADDRESS)),
        mtu=wire.number(found.get(wire.IFLA_MTU)),
        master=wire.number(found.get(wire.IFLA_MASTER)),
        alias=wire.text(found.get(wire.IFLA_IFALIAS)),
        altnames=tuple(
            wire.text(value)
            for key, value in wire.each_attribute(found.get(wire.IFLA_PROP_LIST, b""))
            if key == wire.IFLA_ALT_IFNAME
        ),
        peer=wire.number(found.get(wire.IFLA_LINK)),
        peer_place=struct.unpack("=i", place)[0] if place else -1,
        port_state=PORT_STATES[port_state[0]] if port_state and port_state[0] < 5 else "",
        group=wire.number(found.get(wire.IFLA_GROUP)),
        stp=wire.number(data.get(wire.IFLA_BR_STP_STATE)) != 0,
    )


def _address_facts(body: bytes) -> AddressFacts | None:
    _, prefix, scope, index = wire.address_head(body)
    found = wire.attributes(body, wire.ADDRESS_SIZE)
    value = found.get(wire.IFA_LOCAL) or found.get(wire.IFA_ADDRESS)
    if not value:
        return None
    return AddressFacts(index, f"{ipaddress.ip_address(value)}/{prefix}", scope)


def _route_facts(body: bytes) -> RouteFacts:
    family, prefix, table, protocol, scope, kind = wire.route_head(body)
    found = wire.attributes(body, wire.ROUTE_SIZE)
    size = 4 if family == socket.AF_INET else 16
    to = ipaddress.ip_address(found.get(wire.RTA_DST, bytes(size)))
    via = found.get(wire.RTA_GATEWAY)
    return RouteFacts(
        to=f"{to}/{prefix}",
        via=str(ipaddress.ip_address(via)) if via else "",
        index=wire.number(found.get(wire.RTA_OIF)),
        metric=wire.number(found.get(wire.RTA_PRIORITY)),
        table=wire.number(found.get(wire.RTA_TABLE)) or table,
        protocol=protocol,
        scope=scope,
        kind=kind,
    )
