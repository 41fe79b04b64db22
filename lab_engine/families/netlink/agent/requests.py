"""What the kernel is asked to do with interfaces, addresses and routes, in pyroute2's words."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any, Final

from pyroute2.netlink import NLM_F_CREATE, NLM_F_EXCL
from pyroute2.netlink.rtnl import (
    RTM_DELLINK,
    RTM_DELLINKPROP,
    RTM_GETADDR,
    RTM_GETLINK,
    RTM_GETNETCONF,
    RTM_GETNSID,
    RTM_GETROUTE,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWLINKPROP,
    RTM_NEWROUTE,
    RTM_SETLINK,
)
from pyroute2.netlink.rtnl.ifaddrmsg import IFA_F_NODAD, ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import IFF_UP, ifinfmsg
from pyroute2.netlink.rtnl.nsidmsg import nsidmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from lab_engine.families.netlink.agent.quick import Attributes, Request, netconfmsg

MAKE: Final = NLM_F_CREATE | NLM_F_EXCL
MAIN_TABLE: Final = 254
SCOPE_UNIVERSE: Final = 0
SCOPE_LINK: Final = 253
SCOPE_NOWHERE: Final = 255
ORDINARY: Final = 1
"""RTN_UNICAST: neither local, broadcast nor multicast."""
_EVERY_INTERFACE: Final = -1
"""NETCONFA_IFINDEX_ALL"""
_WITHOUT_STATISTICS: Final = ("IFLA_EXT_MASK", 8)
"""RTEXT_FILTER_SKIP_STATS: half of what the kernel tells of an interface is counters."""


def all_links() -> Request:
    return Request(RTM_GETLINK, ifinfmsg, {}, (_WITHOUT_STATISTICS,))


def one_link(name: str) -> Request:
    """By name or altname."""
    return Request(RTM_GETLINK, ifinfmsg, {}, (_WITHOUT_STATISTICS, ("IFLA_IFNAME", name)))


def make_link(kind: str, data: Attributes, *attributes: tuple[str, Any]) -> Request:
    """`kind` as ip-link(8) calls it, `data` what is particular to it."""
    info = (("IFLA_INFO_KIND", kind), ("IFLA_INFO_DATA", data))
    return Request(RTM_NEWLINK, ifinfmsg, {}, (*attributes, ("IFLA_LINKINFO", info)), MAKE)


def change_link(index: int, *attributes: tuple[str, Any]) -> Request:
    """By its index, or by a name among the attributes when that is 0."""
    return Request(RTM_SETLINK, ifinfmsg, {"index": index}, attributes)


def switch_on(index: int, *attributes: tuple[str, Any]) -> Request:
    """The same, and have it up."""
    switched = {"index": index, "flags": IFF_UP, "change": IFF_UP}
    return Request(RTM_SETLINK, ifinfmsg, switched, attributes)


def remove_link(index: int) -> Request:
    return Request(RTM_DELLINK, ifinfmsg, {"index": index})


def remove_group(group: int) -> Request:
    """All interfaces of a group (`ip link set group`) at once."""
    return Request(RTM_DELLINK, ifinfmsg, {}, (("IFLA_GROUP", group),))


def note(index: int, altname: str) -> Request:
    """Give an interface an altname."""
    names = ("IFLA_PROP_LIST", (("IFLA_ALT_IFNAME", altname),))
    return Request(RTM_NEWLINKPROP, ifinfmsg, {"index": index}, (names,), MAKE)


def take_note(index: int, altname: str) -> Request:
    """Take an altname off an interface."""
    return note(index, altname)._replace(kind=RTM_DELLINKPROP, flags=0)


def addresses(index: int) -> Request:
    return Request(RTM_GETADDR, ifaddrmsg, {"index": index})


def address(kind: int, index: int, cidr: str) -> Request:
    """Give an address to an interface (RTM_NEWADDR) or take it away (RTM_DELADDR)."""
    parsed = ipaddress.ip_interface(cidr)
    length = parsed.network.prefixlen
    text = str(parsed.ip)
    attributes: list[tuple[str, Any]] = [("IFA_LOCAL", text), ("IFA_ADDRESS", text)]
    if parsed.version == 6:
        # Without the search for duplicates the address can be used at once.
        attributes.append(("IFA_FLAGS", IFA_F_NODAD))
    # The two addresses of a /31 are both hosts' (RFC 3021).
    elif length < 31:
        attributes.append(("IFA_BROADCAST", str(parsed.network.broadcast_address)))
    fields = {"family": _family(parsed.version), "prefixlen": length, "index": index}
    return Request(kind, ifaddrmsg, fields, attributes, MAKE if kind == RTM_NEWADDR else 0)


def routes(family: int) -> Request:
    """Of all tables."""
    return Request(RTM_GETROUTE, rtmsg, {"family": family})


def way_to(to: str) -> Request:
    """The route that a packet to this address would take, as `ip route get` shows it."""
    version = ipaddress.ip_address(to).version
    fields = {"family": _family(version), "dst_len": 32 if version == 4 else 128}
    return Request(RTM_GETROUTE, rtmsg, fields, (("RTA_DST", to),))


def route(
    kind: int, to: str, via: str, index: int, metric: int, *, protocol: int, scope: int, table: int
) -> Request:
    """Make a route (RTM_NEWROUTE) or remove it (RTM_DELROUTE)."""
    network = ipaddress.ip_network(to)
    fields = {
        "family": _family(network.version),
        "dst_len": network.prefixlen,
        "proto": protocol,
        "scope": scope,
        "type": ORDINARY,
    }
    # As an attribute: the field in the head is one byte (rtnetlink(7)).
    attributes: list[tuple[str, Any]] = [("RTA_TABLE", table)]
    if network.prefixlen:
        attributes.append(("RTA_DST", str(network.network_address)))
    if via:
        attributes.append(("RTA_GATEWAY", via))
    if index:
        attributes.append(("RTA_OIF", index))
    if metric:
        attributes.append(("RTA_PRIORITY", metric))
    return Request(kind, rtmsg, fields, attributes, MAKE if kind == RTM_NEWROUTE else 0)


def forwarding() -> Request:
    """Whether IPv4 is routed."""
    everywhere = (("NETCONFA_IFINDEX", _EVERY_INTERFACE),)
    return Request(RTM_GETNETCONF, netconfmsg, {"ncm_family": socket.AF_INET}, everywhere)


def place_number(descriptor: int) -> Request:
    """The number of the namespace of a descriptor."""
    return Request(RTM_GETNSID, nsidmsg, {}, (("NETNSA_FD", descriptor),))


def _family(version: int) -> int:
    return socket.AF_INET if version == 4 else socket.AF_INET6
