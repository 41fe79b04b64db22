"""The network of the bench as keys and fingerprints, and the way to take one entry away.

Keys are `netns/<name>`, `link/<name>`, `address/<interface>/<cidr>`, `route/<route>`,
`nft/<family> <table>`, and those of `besides` and `sysctls`; all but the first are the bench's own,
a network namespace counts with all that is in it. With them come `hostname/<name>`, `ipc/<object>`
and, for the tables of the old iptables commands, which Docker and libvirt rewrite, the single rules
of `iptables_inventory`. What daemons make by themselves is left out. A fingerprint holds nothing
that differs between two runs of the same commands, such as an index or a drawn MAC address.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

import msgspec
from pyroute2.netlink.rtnl import RTM_DELADDR

from lab_engine.errors import ProviderError
from lab_engine.families.interfaces import of_daemons
from lab_engine.families.netlink.agent import marks, namespaces, nft, requests
from lab_engine.families.netlink.agent.inventory import besides, sysctls
from lab_engine.families.netlink.agent.inventory import iptables as iptables_inventory
from lab_engine.families.netlink.agent.inventory import kernel as kernel_inventory
from lab_engine.families.netlink.agent.removal import remove_link
from lab_engine.families.netlink.agent.route import removal as route_removal
from lab_engine.families.netlink.agent.rtnl import AddressFacts, LinkFacts, RouteFacts, Rtnl, rtnl

_DAEMONS_TABLES: Final = re.compile(
    r"(ip6?|bridge) (filter|nat|raw|mangle|security)|ip6? libvirt_network|\S+ docker-\S+"
    r"|(inet|bridge) incus"
)
_GLOBAL: Final = 0
_KERNEL: Final = 2
_ROUTER_ADVERTISEMENT: Final = 9
_LOCAL_TABLE: Final = 255
# Handles and indexes are given anew to what is made anew; counters run.
_VOLATILE: Final = ("handle", "index", "packets", "bytes")


def entries() -> dict[str, str]:
    """Everything of this family, key to fingerprint. Raises ProviderError."""
    with marks.asking("list the bench's network"):
        found = _own() | kernel_inventory.inventory() | sysctls.entries()
        for name in namespaces.names():
            # It may go between the list and the look.
            with suppress(FileNotFoundError), namespaces.of_host(name) as descriptor:
                found[f"netns/{name}"] = _whole(descriptor)
        return found


def remove(key: str) -> None:
    """Take one entry away. Absent is not an error. Raises ProviderError when it stays."""
    kind, _, name = key.partition("/")
    with marks.asking("take it away", key):
        if kind == "netns":
            namespaces.remove(name)
        elif kind == "nft":
            nft.remove(None, name, key)
        elif kind in iptables_inventory.PROGRAMS:
            iptables_inventory.remove(key)
        elif kind == "hostname":
            kernel_inventory.restore_hostname(name)
        elif kind == "ipc":
            kernel_inventory.remove_object(name)
        elif kind in besides.KINDS:
            with rtnl(None) as connection:
                besides.remove(connection, _names(connection), key)
        elif kind in _REMOVALS:
            with rtnl(None) as connection:
                _REMOVALS[kind](connection, name)
        else:
            raise ProviderError(f"there is nothing of kind {kind!r} in the network", resource=key)


def _remove_link(connection: Rtnl, name: str) -> None:
    there = connection.link(name)
    if there is None:
        return
    if name == "lo":
        # Loopback cannot go; the kernel gives it its addresses when it is switched on.
        connection.do(requests.switch_on(there.index))
        return
    remove_link(None, there.index)


def _remove_address(connection: Rtnl, name: str) -> None:
    interface, _, cidr = name.partition("/")
    there = connection.link(interface)
    if there and any(a.cidr == cidr for a in connection.addresses(there.index)):
        connection.remove(requests.address(RTM_DELADDR, there.index, cidr))


def _remove_route(connection: Rtnl, name: str) -> None:
    names = {link.index: link.name for link in connection.links()}
    for route in connection.routes():
        if _route_key(route, names) == name:
            connection.remove(route_removal(route))


_REMOVALS: Final = {"link": _remove_link, "address": _remove_address, "route": _remove_route}


def _own() -> dict[str, str]:
    """What is in the bench's own namespace."""
    with rtnl(None) as connection:
        links = connection.links()
        addresses = connection.addresses()
        routes = connection.routes()
        names = {link.index: link.name for link in links}
        others = {one.key: one.fingerprint for one in besides.things(connection, names)}
    kept = of_daemons(names.values())
    theirs = {index for index, name in names.items() if name in kept.addressed}
    found = {}
    for link in links:
        if link.name not in kept.links:
            found[f"link/{link.name}"] = _link(link, names)
    for address in addresses:
        if address.index not in theirs and address.scope == _GLOBAL:
            found[f"address/{names.get(address.index, '')}/{address.cidr}"] = "there"
    for route in routes:
        if route.index not in theirs and _by_hand(route):
            found[f"route/{_route_key(route, names)}"] = str(route.protocol)
    tables = _tables(nft.ruleset(None))
    found |= {
        f"nft/{table}": fingerprint
        for table, fingerprint in tables.items()
        if not of_a_daemon(table)
    }
    return found | others | iptables_inventory.inventory(tables)


def of_a_daemon(table: str) -> bool:
    """Whether a daemon makes the table of that name by itself, as `nft.tables` names it."""
    return _DAEMONS_TABLES.fullmatch(table) is not None


def _names(connection: Rtnl) -> dict[int, str]:
    return {link.index: link.name for link in connection.links()}


def _whole(descriptor: int | None) -> str:
    """One fingerprint for all that is in a namespace."""
    with rtnl(descriptor) as connection:
        links = connection.links()
        addresses = connection.addresses()
        routes = connection.routes()
        names = {link.index: link.name for link in links}
        others = sorted(thing[:2] for thing in besides.things(connection, names))
        switches = besides.switches(connection, names)
    facts: list[Any] = [
        sorted(f"{link.name} {_link(link, names)}" for link in links),
        sorted(_addresses(addresses, names)),
        sorted(_route_key(route, names) for route in routes if _by_hand(route)),
        others,
        switches,
    ]
    if tables := _tables(nft.ruleset(descriptor)):
        facts.append(tables)
    return _digest(facts)


def _addresses(addresses: Iterable[AddressFacts], names: dict[int, str]) -> Iterator[str]:
    for address in addresses:
        if address.scope == _GLOBAL:
            yield f"{names.get(address.index, '')} {address.cidr}"


def _link(link: LinkFacts, names: dict[int, str]) -> str:
    return " ".join(
        (
            link.kind or "device",
            *(["stp"] if link.stp else []),
            "up" if link.up else "down",
            str(link.mtu),
            names.get(link.master, "-"),
            link.alias,
            *sorted(link.altnames),
        )
    )


def _by_hand(route: RouteFacts) -> bool:
    """Whether somebody made the route, rather than the kernel by itself."""
    return (
        route.kind == requests.ORDINARY
        and route.table != _LOCAL_TABLE
        and route.protocol not in (_KERNEL, _ROUTER_ADVERTISEMENT)
    )


def _route_key(route: RouteFacts, names: dict[int, str]) -> str:
    via = f" via {route.via}" if route.via else ""
    dev = names.get(route.index, "-")
    return f"{route.to}{via} dev {dev} metric {route.metric} table {route.table}"


def _tables(objects: Iterable[dict[str, Any]]) -> dict[str, str]:
    """A fingerprint for each table, of its chains, sets and rules in order."""
    contents: dict[str, list[Any]] = {}
    for entry in objects:
        for kind, body in entry.items():
            if kind == "table":
                contents.setdefault(f"{body['family']} {body['name']}", [])
            elif isinstance(body, dict) and "table" in body:
                contents.setdefault(f"{body['family']} {body['table']}", []).append(
                    [kind, _steady(body)]
                )
    return {table: _digest(parts) for table, parts in contents.items()}


def _steady(value: Any) -> Any:
    """The value without what changes by itself: counters, and the numbers the kernel gives."""
    if isinstance(value, dict):
        return {key: _steady(inner) for key, inner in value.items() if key not in _VOLATILE}
    if isinstance(value, list):
        return [_steady(inner) for inner in value]
    return value


def _digest(value: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:16]
