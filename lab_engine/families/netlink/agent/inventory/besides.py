"""What a network has besides interfaces, addresses and routes, and is seldom looked at.

Rules of routing (`rule/<ip|ip6> <priority> <digest>`), neighbours that somebody set
(`neighbour/<interface> <address>`), hardware addresses that somebody gave to a bridge's port
(`fdb/<interface> <address>`), queueing disciplines that are not the kernel's own choice
(`qdisc/<interface> <parent>`). What the kernel and the daemons of a bench make is left out.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from pyroute2.netlink.rtnl import (
    RTM_DELNEIGH,
    RTM_DELQDISC,
    RTM_DELRULE,
    RTM_GETNEIGH,
    RTM_GETNETCONF,
    RTM_GETQDISC,
    RTM_GETRULE,
)
from pyroute2.netlink.rtnl.fibmsg import fibmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.tcmsg import tcmsg

from lab_engine.common import digest
from lab_engine.families.netlink.agent.quick import Reply, Request, netconfmsg
from lab_engine.families.netlink.agent.rtnl import Rtnl

KINDS: Final = ("rule", "neighbour", "fdb", "qdisc")
_KERNELS_RULES: Final = ((0, 255), (32766, 254), (32767, 253))
"""Priority and table of the three that each network begins with (ip-rule(8))."""
_PERMANENT: Final = 0x80
_STATIC: Final = 0x40
"""NUD_PERMANENT and NUD_NOARP (rtnetlink(7)); the latter is `static` in a bridge's table."""
_NO_QUEUE: Final = "noqueue"
"""libvirt gives it to a VM's interface, where the kernel would choose another."""
_ALL, _DEFAULT = -1, -2
"""NETCONFA_IFINDEX_ALL, NETCONFA_IFINDEX_DEFAULT"""


class Thing(NamedTuple):
    """One entry: its key, its fingerprint, and the request that removes it."""

    key: str
    fingerprint: str
    removal: Request


def things(connection: Rtnl, names: Mapping[int, str]) -> Iterator[Thing]:
    """All of it; `names` are those of the interfaces by index. Raises Refused."""
    for family, word in ((socket.AF_INET, "ip"), (socket.AF_INET6, "ip6")):
        for reply in connection.dump(Request(RTM_GETRULE, fibmsg, {"family": family})):
            yield from _rule(reply, word)
        for reply in connection.dump(Request(RTM_GETNEIGH, ndmsg, {"family": family})):
            yield from _neighbour(reply, names)
    for reply in connection.dump(Request(RTM_GETNEIGH, ndmsg, {"family": socket.AF_BRIDGE})):
        yield from _port(reply, names)
    for reply in connection.dump(Request(RTM_GETQDISC, tcmsg, {})):
        yield from _queue(reply, names)


def switches(connection: Rtnl, names: Mapping[int, str]) -> list[str]:
    """Forwarding, the filter of paths back and proxying, of each interface and for all."""
    words = {**names, _ALL: "all", _DEFAULT: "default"}
    found = []
    for family in (socket.AF_INET, socket.AF_INET6):
        request = Request(RTM_GETNETCONF, netconfmsg, {"ncm_family": family})
        for reply in connection.dump(request):
            reply.fields(netconfmsg)
            values = [
                reply.number(f"NETCONFA_{name}")
                for name in ("FORWARDING", "RP_FILTER", "PROXY_NEIGH")
            ]
            found.append(f"{family} {words.get(reply.number('NETCONFA_IFINDEX'))} {values}")
    return sorted(found)


def remove(connection: Rtnl, names: Mapping[int, str], key: str) -> None:
    """Take one entry away; absent is fine. Raises Refused."""
    for thing in list(things(connection, names)):
        if thing.key == key:
            connection.remove(thing.removal)


def _rule(reply: Reply, word: str) -> Iterator[Thing]:
    whole = reply.whole()
    table = reply.fields(fibmsg)["table"]
    priority = reply.number("FRA_PRIORITY")
    if (priority, reply.number("FRA_TABLE") or table) not in _KERNELS_RULES:
        about = digest.of([whole.hex()])
        yield Thing(f"rule/{word} {priority} {about}", "there", Request(RTM_DELRULE, whole, {}))


def _neighbour(reply: Reply, names: Mapping[int, str]) -> Iterator[Thing]:
    whole = reply.whole()
    fields = reply.fields(ndmsg)
    address = reply.raw("NDA_DST")
    if fields["state"] & _PERMANENT and address:
        key = f"neighbour/{names.get(fields['ifindex'])} {ipaddress.ip_address(address)}"
        yield Thing(key, _hardware(reply), Request(RTM_DELNEIGH, whole, {}))


def _port(reply: Reply, names: Mapping[int, str]) -> Iterator[Thing]:
    whole = reply.whole()
    fields = reply.fields(ndmsg)
    if fields["state"] & _STATIC:
        key = f"fdb/{names.get(fields['ifindex'])} {_hardware(reply)}"
        yield Thing(key, "there", Request(RTM_DELNEIGH, whole, {}))


def _hardware(reply: Reply) -> str:
    return (reply.raw("NDA_LLADDR") or b"").hex(":")


def _queue(reply: Reply, names: Mapping[int, str]) -> Iterator[Thing]:
    whole = reply.whole()
    fields = reply.fields(tcmsg)
    kind = reply.text("TCA_KIND")
    # The kernel's own choice has no handle.
    if fields["handle"] and kind != _NO_QUEUE:
        options = digest.of([(reply.raw("TCA_OPTIONS") or b"").hex()])
        key = f"qdisc/{names.get(fields['index'])} {fields['parent']:x}"
        yield Thing(key, f"{kind} {options}", Request(RTM_DELQDISC, whole, {}))
