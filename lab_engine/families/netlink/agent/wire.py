"""Messages of rtnetlink(7) as bytes, and back.

pyroute2 makes the same messages, at 1 ms each; a step with a hundred hosts sends a thousand.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

RTM_NEWLINK: Final = 16
RTM_DELLINK: Final = 17
RTM_GETLINK: Final = 18
RTM_SETLINK: Final = 19
RTM_NEWADDR: Final = 20
RTM_DELADDR: Final = 21
RTM_GETADDR: Final = 22
RTM_NEWROUTE: Final = 24
RTM_DELROUTE: Final = 25
RTM_GETROUTE: Final = 26
RTM_GETNETCONF: Final = 82
RTM_GETNSID: Final = 90
RTM_NEWLINKPROP: Final = 108
RTM_DELLINKPROP: Final = 109

NLM_F_REQUEST: Final = 1
NLM_F_ACK: Final = 4
NLM_F_DUMP: Final = 0x300
NLM_F_EXCL: Final = 0x200
NLM_F_CREATE: Final = 0x400
NLM_F_APPEND: Final = 0x800
MAKE: Final = NLM_F_CREATE | NLM_F_EXCL

IFF_UP: Final = 1

IFLA_ADDRESS: Final = 1
IFLA_IFNAME: Final = 3
IFLA_MTU: Final = 4
IFLA_LINK: Final = 5
IFLA_MASTER: Final = 10
IFLA_OPERSTATE: Final = 16
IFLA_LINKINFO: Final = 18
IFLA_IFALIAS: Final = 20
IFLA_GROUP: Final = 27
IFLA_NET_NS_FD: Final = 28
IFLA_EXT_MASK: Final = 29
IFLA_LINK_NETNSID: Final = 37
IFLA_PROP_LIST: Final = 52
IFLA_ALT_IFNAME: Final = 53
IFLA_INFO_KIND: Final = 1
IFLA_INFO_DATA: Final = 2
IFLA_INFO_SLAVE_DATA: Final = 5
IFLA_BRPORT_STATE: Final = 1
IFLA_BR_STP_STATE: Final = 5
VETH_INFO_PEER: Final = 1
RTEXT_FILTER_SKIP_STATS: Final = 8
NESTED: Final = 0x8000

IFA_ADDRESS: Final = 1
IFA_LOCAL: Final = 2
IFA_BROADCAST: Final = 4
IFA_FLAGS: Final = 8
IFA_F_NODAD: Final = 2

RTA_DST: Final = 1
RTA_OIF: Final = 4
RTA_GATEWAY: Final = 5
RTA_PRIORITY: Final = 6
RTA_TABLE: Final = 15
RT_TABLE_MAIN: Final = 254
RT_SCOPE_UNIVERSE: Final = 0
RT_SCOPE_LINK: Final = 253
RT_SCOPE_NOWHERE: Final = 255
RTN_UNICAST: Final = 1

NETCONFA_IFINDEX: Final = 1
NETCONFA_FORWARDING: Final = 2
NETCONFA_IFINDEX_ALL: Final = -1

NETNSA_NSID: Final = 1
NETNSA_FD: Final = 3

_ATTRIBUTE = struct.Struct("=HH")
_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")


class Message(NamedTuple):
    """One request: its type, flags besides REQUEST, and body."""

    kind: int
    body: bytes
    flags: int = 0


def pack(message: Message, sequence: int, flags: int) -> bytes:
    """The message with its header, padded so that another may follow."""
    length = _HEADER.size + len(message.body)
    header = _HEADER.pack(length, message.kind, NLM_F_REQUEST | flags | message.flags, sequence, 0)
    return header + message.body + bytes(-length % 4)


def unpack(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """The messages in `data`, each as (type, flags, sequence, body)."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, flags, sequence, _ = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size:
            return
        yield kind, flags, sequence, data[offset + _HEADER.size : offset + length]
        offset += (length + 3) & ~3


def attribute(kind: int, value: bytes | str | int) -> bytes:
    """One attribute; text gets its final zero, a number is 32 bits wide."""
    if isinstance(value, str):
        value = value.encode() + b"\0"
    elif isinstance(value, int):
        value = struct.pack("=I", value)
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)


def each_attribute(data: bytes, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """The attributes in `data` from `offset`, in order."""
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            return
        yield kind & 0x3FFF, data[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3


def attributes(data: bytes, offset: int = 0) -> dict[int, bytes]:
    """The attributes in `data` from `offset` by type."""
    return dict(each_attribute(data, offset))


def text(value: bytes | None) -> str:
    return (value or b"").partition(b"\0")[0].decode(errors="replace")


def number(value: bytes | None) -> int:
    return int.from_bytes(value or b"", "little")


def link(index: int = 0, flags: int = 0, change: int = 0) -> bytes:
    """An ifinfomsg."""
    return _LINK.pack(0, 0, index, flags, change)


def address(family: int, prefix: int, index: int) -> bytes:
    """An ifaddrmsg of global scope."""
    return _ADDRESS.pack(family, prefix, 0, 0, index)


def route(family: int, prefix: int, protocol: int, scope: int) -> bytes:
    """An rtmsg for the main table."""
    return _ROUTE.pack(family, prefix, 0, 0, RT_TABLE_MAIN, protocol, scope, RTN_UNICAST, 0)


LINK_SIZE: Final = _LINK.size
ADDRESS_SIZE: Final = _ADDRESS.size
ROUTE_SIZE: Final = _ROUTE.size


def link_head(body: bytes) -> tuple[int, int]:
    """(index, flags) of an ifinfomsg."""
    _, _, index, flags, _ = _LINK.unpack_from(body)
    return index, flags


def address_head(body: bytes) -> tuple[int, int, int, int]:
    """(family, prefix length, scope, interface index) of an ifaddrmsg."""
    family, prefix, _, scope, index = _ADDRESS.unpack_from(body)
    return family, prefix, scope, index


def route_head(body: bytes) -> tuple[int, int, int, int, int, int]:
    """(family, prefix length, table, protocol, scope, type) of an rtmsg."""
    family, prefix, _, _, table, protocol, scope, kind, _ = _ROUTE.unpack_from(body)
    return family, prefix, table, protocol, scope, kind
