"""Networks and addresses of a step that get in each other's way, found before anything is made."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from lab_engine.common.resource import Resource
from lab_engine.families.docker.resources import DockerNetwork
from lab_engine.families.libvirt.resources import VirtualNetwork
from lab_engine.families.netlink.resources import Address, Link

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Node = tuple[str, str]
"""A host (empty for the bench itself) and an interface there."""

DOCKER0: Final = ipaddress.ip_network("172.17.0.0/16")
"""The subnet of the bench's own docker0."""


class _Use(NamedTuple):
    who: str
    host: str
    interface: str
    network: Network


def clashes(resources: Sequence[Resource]) -> list[str]:
    """What is wrong between addresses and subnets, each as a sentence.

    Two interfaces of one place may not have networks that overlap, since only one of them would be
    used; what hangs on one wire may not have one address twice, or networks that overlap without
    being the same. A bridge network of Docker or of libvirt is an interface of the bench itself.
    """
    addresses = [resource for resource in resources if isinstance(resource, Address)]
    uses = [
        _Use(a.key, a.host, a.device, ipaddress.ip_interface(a.cidr).network) for a in addresses
    ]
    uses += [
        _Use(resource.key, "", resource.key, ipaddress.ip_network(resource.subnet))
        for resource in resources
        if isinstance(resource, VirtualNetwork)
        or (isinstance(resource, DockerNetwork) and resource.subnet and resource.driver == "bridge")
    ]
    if any(not address.host for address in addresses):
        uses.append(_Use("docker0 of the bench", "", "docker0", DOCKER0))

    problems = []
    for host, there in _grouped((use.host, use) for use in uses):
        where = f"host {host!r}" if host else "the bench"
        for one, other in _overlapping(there):
            if one.interface != other.interface:
                problems.append(f"{_both(one, other)} overlap on two interfaces of {where}")
    wires = _wires(resources)
    for _, there in _grouped((wires.get(u[1:3], u[1:3]), u) for u in uses):
        problems += [
            f"{_both(one, other)} overlap on one wire and differ"
            for one, other in _overlapping(there)
            if one.network != other.network and one[1:3] != other[1:3]
        ]
    seen: dict[tuple[Node, str], str] = {}
    for address in addresses:
        node = (address.host, address.device)
        text = address.cidr.partition("/")[0]
        first = seen.setdefault((wires.get(node, node), text), address.key)
        if first != address.key:
            problems.append(f"{first} and {address.key} are both {text} on one wire")
    return problems


def _both(one: _Use, other: _Use) -> str:
    return f"{one.who} ({one.network}) and {other.who} ({other.network})"


def _grouped(pairs: Iterable[tuple[object, _Use]]) -> list[tuple[object, list[_Use]]]:
    groups: dict[object, list[_Use]] = {}
    for key, use in pairs:
        groups.setdefault(key, []).append(use)
    return list(groups.items())


def _overlapping(uses: list[_Use]) -> Iterable[tuple[_Use, _Use]]:
    """Pairs whose networks overlap, each network with the nearest one that holds it."""
    order = sorted(
        uses, key=lambda u: (u.network.version, int(u.network.network_address), u.network.prefixlen)
    )
    around: list[_Use] = []
    for use in order:
        while around and not (
            around[-1].network.version == use.network.version
            and around[-1].network.overlaps(use.network)
        ):
            around.pop()
        if around:
            yield around[-1], use
        around.append(use)


def _wires(resources: Sequence[Resource]) -> dict[Node, Node]:
    """For each end of a link one node that stands for all on the same wire."""
    parent: dict[Node, Node] = {}

    def find(node: Node) -> Node:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for link in resources:
        if not isinstance(link, Link):
            continue
        for end in (link.a, link.b):
            node = find((end.host, end.interface))
            parent[node] = find((link.a.host, link.a.interface))
            if end.port_of:
                parent[find(node)] = find((end.host, end.port_of))
    return {node: find(node) for node in list(parent)}
