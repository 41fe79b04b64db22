"""Answers about the network of a place, straight from the kernel (agent side)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common.place import BENCH, Place, host, process
from lab_engine.common.probe import Probe
from lab_engine.families.netlink.agent import namespaces, nft, requests
from lab_engine.families.netlink.agent.readers import place as places
from lab_engine.families.netlink.agent.readers.place import NoPlace
from lab_engine.families.netlink.agent.rtnl import AddressFacts, LinkFacts, Rtnl, rtnl
from lab_engine.families.netlink.probes.firewall import (
    FirewallChain,
    FirewallProbe,
    FirewallReading,
    FirewallRule,
)
from lab_engine.families.netlink.probes.network import (
    AddressesProbe,
    AddressesReading,
    AddressReading,
    BridgePortProbe,
    BridgePortReading,
    ForwardingProbe,
    ForwardingReading,
    LinkProbe,
    LinkReading,
    LinksProbe,
    LinksReading,
    NetworkNamespaceProbe,
    NetworkNamespaceReading,
    NetworkNamespacesProbe,
    NetworkNamespacesReading,
    RouteReading,
    RoutesProbe,
    RoutesReading,
)
from lab_engine.families.netlink.probes.sockets import (
    Holder,
    SocketReading,
    SocketsProbe,
    SocketsReading,
)
from lab_engine.kernel import proc, processes
from lab_engine.kernel import sockets as kernel_sockets

# By RT_SCOPE_ and RTPROT_ number (linux/rtnetlink.h).
_SCOPES: Final = {0: "global", 200: "site", 253: "link", 254: "host"}
_PROTOCOLS: Final = {1: "redirect", 2: "kernel", 3: "boot", 4: "static", 9: "ra", 16: "dhcp"}


def link(probe: LinkProbe) -> LinkReading:
    try:
        with places.network(probe.place) as descriptor, rtnl(descriptor) as connection:
            found = connection.link(probe.link)
            if found is None:
                return LinkReading(exists=False)
            addresses = connection.addresses(found.index)
            names = {one.index: one.name for one in connection.links()}
            reading = _link(found, addresses, names)
            reading = msgspec.structs.replace(reading, namespace=places.describe(descriptor))
            if found.peer and found.peer_place >= 0:
                name, where = _other_end(connection, found, descriptor)
                reading = msgspec.structs.replace(reading, peer=name, peer_place=where)
            elif found.peer:
                peer = names.get(found.peer, "")
                reading = msgspec.structs.replace(reading, peer=peer, peer_place=probe.place)
            return reading
    except NoPlace:
        return LinkReading(exists=False)


def links(probe: LinksProbe) -> LinksReading:
    try:
        with places.network(probe.place) as descriptor, rtnl(descriptor) as connection:
            found = connection.links()
            addresses = connection.addresses()
    except NoPlace:
        return LinksReading(exists=False)
    names = {one.index: one.name for one in found}
    return LinksReading(links=tuple(_link(one, addresses, names) for one in found))


def _link(facts: LinkFacts, addresses: list[AddressFacts], names: dict[int, str]) -> LinkReading:
    return LinkReading(
        name=facts.name,
        index=facts.index,
        kind=facts.kind,
        up=facts.up,
        state=facts.state,
        mac=facts.mac,
        mtu=facts.mtu,
        master=names.get(facts.master, ""),
        alias=facts.alias,
        altnames=facts.altnames,
        peer_index=facts.peer,
        addresses=tuple(a.cidr for a in addresses if a.index == facts.index),
    )


def _other_end(connection: Rtnl, facts: LinkFacts, own: int | None) -> tuple[str, Place]:
    """The name and the place of a veth's other end; empty when no place can be named for it."""
    for where, path in _all_networks():
        with suppress(FileNotFoundError, ProcessLookupError), namespaces.opened(path) as there:
            if connection.place_number(there) != facts.peer_place:
                continue
            with rtnl(there) as other:
                for one in other.links():
                    if one.index == facts.peer:
                        return one.name, where
    return "", ""


def _all_networks() -> Iterator[tuple[Place, Path]]:
    """Every network namespace that has a name or a process: the bench, hosts, processes."""
    own = Path("/proc/thread-self/ns/net")
    yield BENCH, own
    seen = {own.stat().st_ino}
    for name in namespaces.names():
        # One namespace may have several names and many processes; each is visited once.
        seen.add(namespaces.inode(name))
        yield host(name), namespaces.FOLDER / name
    for pid, inode in sorted(_network_of_processes().items()):
        if inode not in seen:
            seen.add(inode)
            yield process(pid), Path(f"/proc/{pid}/ns/net")


def _network_of_processes() -> dict[int, int]:
    found = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with suppress(OSError):
                found[int(entry.name)] = Path(entry.path, "ns/net").stat().st_ino
    return found


def addresses(probe: AddressesProbe) -> AddressesReading:
    try:
        with places.network(probe.place) as descriptor, rtnl(descriptor) as connection:
            names = {one.index: one.name for one in connection.links()}
            found = connection.addresses()
    except NoPlace:
        return AddressesReading(exists=False)
    return AddressesReading(
        addresses=tuple(
            AddressReading(names.get(a.index, ""), a.cidr, _SCOPES.get(a.scope, str(a.scope)))
            for a in found
        )
    )


def routes(probe: RoutesProbe) -> RoutesReading:
    try:
        with places.network(probe.place) as descriptor, rtnl(descriptor) as connection:
            names = {one.index: one.name for one in connection.links()}
            found = connection.routes()
    except NoPlace:
        return RoutesReading(exists=False)
    return RoutesReading(
        routes=tuple(
            RouteReading(
                to=r.to,
                via=r.via,
                dev=names.get(r.index, ""),
                metric=r.metric,
                protocol=_PROTOCOLS.get(r.protocol, str(r.protocol)),
                table=r.table,
            )
            for r in found
            if r.kind == requests.ORDINARY and r.table == probe.table
        )
    )


def network_namespace(probe: NetworkNamespaceProbe) -> NetworkNamespaceReading:
    inode = namespaces.inode(probe.netns)
    if not inode:
        return NetworkNamespaceReading(exists=False)
    switches = forwarding(ForwardingProbe(place=host(probe.netns)))
    return NetworkNamespaceReading(
        name=probe.netns,
        inode=inode,
        forwarding=switches.ipv4,
        pids=tuple(sorted(pid for pid, net in _network_of_processes().items() if net == inode)),
    )


def network_namespaces(_: NetworkNamespacesProbe) -> NetworkNamespacesReading:
    return NetworkNamespacesReading(
        bench=places.describe(None),
        namespaces={name: namespaces.inode(name) for name in namespaces.names()},
    )


def bridge_port(probe: BridgePortProbe) -> BridgePortReading:
    try:
        with places.network(probe.place) as descriptor, rtnl(descriptor) as connection:
            found = connection.link(probe.link)
            if found is None or not found.master:
                return BridgePortReading(exists=False)
            names = {one.index: one.name for one in connection.links()}
    except NoPlace:
        return BridgePortReading(exists=False)
    return BridgePortReading(
        bridge=names.get(found.master, ""), state=found.port_state, up=found.up
    )


def forwarding(probe: ForwardingProbe) -> ForwardingReading:
    try:
        with places.network(probe.place) as descriptor, namespaces.inside(descriptor):
            return ForwardingReading(
                # What stands in /proc/sys/net is that of the thread which opens it.
                ipv4=_switch("ipv4/ip_forward"),
                ipv6=_switch("ipv6/conf/all/forwarding"),
            )
    except NoPlace:
        return ForwardingReading(exists=False)


def _switch(name: str) -> bool:
    try:
        return Path("/proc/sys/net", name).read_text().strip() != "0"
    except FileNotFoundError:
        return False


def firewall(probe: FirewallProbe) -> FirewallReading:
    try:
        with places.network(probe.place) as descriptor:
            objects = nft.ruleset(descriptor)
    except NoPlace:
        return FirewallReading(exists=False)
    chains = [
        FirewallChain(
            family=c["family"],
            table=c["table"],
            name=c["name"],
            type=c.get("type", ""),
            hook=c.get("hook", ""),
            priority=c.get("prio"),
            policy=c.get("policy", ""),
        )
        for entry in objects
        if (c := entry.get("chain"))
    ]
    hooks = {(c.family, c.table, c.name): c.hook for c in chains}
    return FirewallReading(
        tables=tuple(f"{t['family']} {t['name']}" for e in objects if (t := e.get("table"))),
        chains=tuple(chains),
        rules=tuple(
            FirewallRule(
                family=r["family"],
                table=r["table"],
                chain=r["chain"],
                hook=hooks.get((r["family"], r["table"], r["chain"]), ""),
                expressions=tuple(r["expr"]),
                comment=r.get("comment", ""),
            )
            for entry in objects
            if (r := entry.get("rule"))
        ),
    )


def sockets(probe: SocketsProbe) -> SocketsReading:
    waiting: list[kernel_sockets.Waiting] = []
    try:
        with places.network(probe.place) as descriptor, namespaces.inside(descriptor):
            for protocol in kernel_sockets.WAITING:
                for family in ("", "6"):
                    table = _table(f"{protocol}{family}")
                    waiting += kernel_sockets.waiting(protocol, table)
    except NoPlace:
        return SocketsReading(exists=False)
    held = _holders({inode for *_, inode in waiting})
    return SocketsReading(
        sockets=tuple(
            SocketReading(protocol, address, port, tuple(held.get(inode, ())))
            for protocol, address, port, inode in waiting
        )
    )


def _table(name: str) -> str:
    """The kernel's list of this thread's namespace; empty where it has none of that kind."""
    try:
        # /proc/net is /proc/self/net, and that the first thread's (proc_net(5)).
        return proc.read_text(f"thread-self/net/{name}")
    except FileNotFoundError:
        return ""


def _holders(inodes: set[str]) -> dict[str, list[Holder]]:
    """For each socket the processes that hold it."""
    found: dict[str, list[Holder]] = {}
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    for pid in proc.pids():
        with suppress(OSError):
            links = {proc.target(f"{pid}/fd/{number}") for number in proc.names(f"{pid}/fd")}
            # A socket may be held by several processes, such as a server and its children.
            for link in links & wanted.keys():
                holder = _holder(pid)
                if holder is not None:
                    found.setdefault(wanted[link], []).append(holder)
    return found


def _holder(pid: int) -> Holder | None:
    process = processes.read(pid)
    if process is None:
        return None
    exe, container = proc.target(f"{pid}/exe"), processes.container(pid)
    return Holder(pid, process.name, exe, process.argv, container)


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {
    LinkProbe: link,
    LinksProbe: links,
    AddressesProbe: addresses,
    RoutesProbe: routes,
    NetworkNamespaceProbe: network_namespace,
    NetworkNamespacesProbe: network_namespaces,
    BridgePortProbe: bridge_port,
    ForwardingProbe: forwarding,
    FirewallProbe: firewall,
    SocketsProbe: sockets,
}
