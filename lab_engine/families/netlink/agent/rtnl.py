"""A socket to the kernel's routing tables in one namespace, and what it tells as plain facts."""

from __future__ import annotations

import errno
import ipaddress
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec
from pyroute2 import IPRSocket
from pyroute2.netlink import (
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_MULTI,
    NLMSG_DONE,
    NLMSG_ERROR,
)
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import IFF_UP, ifinfmsg
from pyroute2.netlink.rtnl.nsidmsg import nsidmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from lab_engine.families.netlink.agent import namespaces, quick, requests
from lab_engine.families.netlink.agent.quick import Head, Reply, Request, netconfmsg

SECONDS: Final = 10.0
"""How long the kernel may take over one answer."""

# A datagram longer than the buffer loses its end (recv(2)). The kernel cuts dumps into parts of
# 32 KiB at most (netlink_dump in net/netlink/af_netlink.c).
_BUFFER: Final = 1 << 18
# The answers to all that one send holds wait in the socket's buffer, and the kernel drops those
# that do not fit (netlink(7), ENOBUFS).
_ONE_SEND: Final = 32 * 1024

_GONE: Final = (errno.ENODEV, errno.EADDRNOTAVAIL, errno.ESRCH, errno.ENOENT)
"""Answers to the removal of an interface, address or route that is not there."""

# By IF_OPER_ number (linux/if.h), which has them from RFC 2863.
_STATES: Final = (
    "unknown",
    "notpresent",
    "down",
    "lowerlayerdown",
    "testing",
    "dormant",
    "up",
)
# By BR_STATE_ number (linux/if_bridge.h).
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


_NOT_THERE: Final = (errno.ENODEV, errno.ENOENT, errno.ESRCH, errno.EINVAL, errno.ERANGE)
"""Answers when one thing is asked for; the last two for a name that no interface could have."""

_NO_WAY: Final = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES)
"""No route, one that says unreachable, one that says prohibited (ip-route(8))."""


class Rtnl:
    """Asks for and changes interfaces, addresses and routes (rtnetlink(7)).

    It talks in the namespace of the thread that opened it, whoever uses it later.
    """

    def __init__(self) -> None:
        # Not bound by pyroute2, which takes half of its time to find a free port: the kernel gives
        # one to a socket that sends. Nor by its `netns=`, which starts a process for each.
        # Explanations come with `ext_ack` only, and only with the strict check is a dump of what
        # was asked for, and not of everything (docs.kernel.org, Introduction to Netlink).
        self._connection = IPRSocket(ext_ack=True, strict_check=True, groups=0)
        self._socket: socket.socket = self._connection.socket
        self._socket.settimeout(SECONDS)
        self._sequence = 0

    def close(self) -> None:
        self._connection.close()

    def do(self, *asked: Request) -> None:
        """Have the kernel do all of it, in order, in one system call where they fit.

        All are tried, also after one that is refused; raises Refused for the first of those.
        """
        self._do(asked)

    def remove(self, *asked: Request) -> None:
        """The same for requests that remove something, where what is gone already is fine.

        An interface takes its addresses and routes with it, and a namespace its interfaces, some
        time after whoever asked for it went on.
        """
        self._do(asked, fine=_GONE)

    def _do(self, asked: Sequence[Request], fine: tuple[int, ...] = ()) -> None:
        batch: list[bytes] = []
        size = 0
        for request in asked:
            self._sequence += 1
            packed = quick.encode(request, self._sequence, NLM_F_ACK)
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
            data = self._socket.recv(_BUFFER)
            for head in quick.heads(data):
                if head.kind == NLMSG_ERROR:
                    answered += 1
                    answer = self._refusal(data, head)
                    if answer and answer.errno not in fine:
                        refused = refused or answer
        if refused:
            raise refused

    def _refusal(self, data: bytes, head: Head) -> Refused | None:
        """What an NLMSG_ERROR says; None for 0, which is an acknowledgement."""
        (code,) = struct.unpack_from("=i", data, head.start)
        if not code:
            return None
        (whole,) = self._connection.marshal.parse(data[head.whole : head.end])
        return Refused(-code, whole["header"]["error"].args[1])

    def ask(self, request: Request) -> Reply | None:
        """One object; None when the kernel has none such."""
        self._sequence += 1
        self._socket.send(quick.encode(request, self._sequence))
        data = self._socket.recv(_BUFFER)
        for head in quick.heads(data):
            if head.kind != NLMSG_ERROR:
                return Reply(data, head.start, head.end)
            refused = self._refusal(data, head)
            if refused and refused.errno not in _NOT_THERE:
                raise refused
        return None

    def dump(self, request: Request) -> Iterator[Reply]:
        """All objects of a kind."""
        self._sequence += 1
        self._socket.send(quick.encode(request, self._sequence, NLM_F_DUMP))
        while True:
            data = self._socket.recv(_BUFFER)
            for head in quick.heads(data):
                # What is left of an answer that nobody waited for any more.
                if head.sequence != self._sequence:
                    continue
                if head.kind == NLMSG_DONE:
                    return
                if head.kind == NLMSG_ERROR:
                    if refused := self._refusal(data, head):
                        raise refused
                    return
                yield Reply(data, head.start, head.end)
                # One object alone is an answer in one part, and no NLMSG_DONE follows it
                # (netlink(7)).
                if not head.flags & NLM_F_MULTI:
                    return

    def links(self) -> list[LinkFacts]:
        """All interfaces, in the order of their indexes."""
        return [_link_facts(reply) for reply in self.dump(requests.all_links())]

    def link(self, name: str) -> LinkFacts | None:
        """The interface of that name or altname; None when there is none."""
        reply = self.ask(requests.one_link(name))
        return _link_facts(reply) if reply else None

    def addresses(self, index: int = 0) -> list[AddressFacts]:
        """The addresses of one interface, or of all for 0."""
        facts = (_address_facts(reply) for reply in self.dump(requests.addresses(index)))
        return [fact for fact in facts if fact and index in (0, fact.index)]

    def routes(self) -> list[RouteFacts]:
        """The routes of all tables, in the kernel's order."""
        return [
            _route_facts(reply)
            for family in (socket.AF_INET, socket.AF_INET6)
            for reply in self.dump(requests.routes(family))
        ]

    def way_to(self, address: str) -> RouteFacts | None:
        """The route that a packet to this address takes now; None where there is none."""
        try:
            reply = self.ask(requests.way_to(address))
        except Refused as refused:
            if refused.errno in _NO_WAY:
                return None
            raise
        return _route_facts(reply) if reply else None

    def forwards(self) -> bool:
        """Whether IPv4 is routed here (`net.ipv4.ip_forward`).

        Not from /proc/sys: there a look-up passes by the entries of every other namespace.
        """
        reply = self.ask(requests.forwarding())
        if reply is None:
            return False
        reply.fields(netconfmsg)
        return reply.number("NETCONFA_FORWARDING") != 0

    def place_number(self, descriptor: int) -> int:
        """The number by which this namespace knows that of `descriptor`; -1 when by none."""
        reply = self.ask(requests.place_number(descriptor))
        if reply is None:
            return -1
        reply.fields(nsidmsg)
        number = reply.number("NETNSA_NSID", -1)
        return -1 if number == _NO_NUMBER else number


_NO_NUMBER: Final = 0xFFFFFFFF
"""NETNSA_NSID_NOT_ASSIGNED, -1 in the kernel; pyroute2 has it without a sign."""


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


def _link_facts(reply: Reply) -> LinkFacts:
    fields = reply.fields(ifinfmsg)
    info = reply.nest("IFLA_LINKINFO")
    kind = info.text("IFLA_INFO_KIND")
    master = reply.number("IFLA_MASTER")
    port = info.nest("IFLA_INFO_SLAVE_DATA").number("IFLA_BRPORT_STATE", -1) if master else -1
    stp = kind == "bridge" and info.nest("IFLA_INFO_DATA").number("IFLA_BR_STP_STATE") != 0
    state = reply.number("IFLA_OPERSTATE")
    return LinkFacts(
        index=fields["index"],
        name=reply.text("IFLA_IFNAME"),
        kind=kind,
        up=bool(fields["flags"] & IFF_UP),
        state=_STATES[state] if state < len(_STATES) else "unknown",
        mac=(reply.raw("IFLA_ADDRESS") or b"").hex(":"),
        mtu=reply.number("IFLA_MTU"),
        master=master,
        alias=reply.text("IFLA_IFALIAS"),
        altnames=reply.nest("IFLA_PROP_LIST").texts("IFLA_ALT_IFNAME"),
        peer=reply.number("IFLA_LINK"),
        peer_place=reply.number("IFLA_LINK_NETNSID", -1),
        port_state=PORT_STATES[port] if 0 <= port < len(PORT_STATES) else "",
        group=reply.number("IFLA_GROUP"),
        stp=stp,
    )


def _address_facts(reply: Reply) -> AddressFacts | None:
    fields = reply.fields(ifaddrmsg)
    # On a point-to-point link IFA_ADDRESS is the other end's, and IPv6 often has no IFA_LOCAL
    # (linux/if_addr.h).
    value = reply.raw("IFA_LOCAL") or reply.raw("IFA_ADDRESS")
    if not value:
        return None
    cidr = f"{ipaddress.ip_address(value)}/{fields['prefixlen']}"
    return AddressFacts(fields["index"], cidr, fields["scope"])


def _route_facts(reply: Reply) -> RouteFacts:
    fields = reply.fields(rtmsg)
    size = 4 if fields["family"] == socket.AF_INET else 16
    to = ipaddress.ip_address(reply.raw("RTA_DST") or bytes(size))
    via = reply.raw("RTA_GATEWAY")
    return RouteFacts(
        to=f"{to}/{fields['dst_len']}",
        via=str(ipaddress.ip_address(via)) if via else "",
        index=reply.number("RTA_OIF"),
        metric=reply.number("RTA_PRIORITY"),
        # The field in the head is one byte, and too small for tables from 256 on (rtnetlink(7)).
        table=reply.number("RTA_TABLE") or fields["table"],
        protocol=fields["proto"],
        scope=fields["scope"],
        kind=fields["type"],
    )
