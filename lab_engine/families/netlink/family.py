"""The kernel's networks in the bench, and its host name and System V objects."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Drawn, Family, Removal, Shell
from lab_engine.families.netlink import resources
from lab_engine.families.netlink.probes import (
    firewall,
    namespaces,
    network,
    reach,
    sockets,
    tls,
    traffic,
)

FAMILY: Final = Family(
    name="netlink",
    threads=32,
    resources={
        resources.Host: "host:HostProvider",
        resources.Bridge: "bridge:BridgeProvider",
        resources.Link: "link:LinkProvider",
        resources.Address: "address:AddressProvider",
        resources.Route: "route:RouteProvider",
        resources.Nat: "tables:NatProvider",
        resources.Filter: "tables:FilterProvider",
    },
    probes=(
        firewall.FirewallProbe,
        namespaces.InhabitantsProbe,
        namespaces.SystemVProbe,
        network.AddressesProbe,
        network.BridgePortProbe,
        network.ForwardingProbe,
        network.LinkProbe,
        network.LinksProbe,
        network.NetworkNamespaceProbe,
        network.NetworkNamespacesProbe,
        network.RoutesProbe,
        reach.ConnectProbe,
        reach.DnsProbe,
        reach.HttpProbe,
        reach.ReachProbe,
        sockets.SocketsProbe,
        tls.TlsProbe,
        traffic.BurstProbe,
        traffic.LinkCountersProbe,
        traffic.WatchProbe,
    ),
    readers=(
        "readers.network",
        "readers.reach",
        "readers.namespaces",
        "readers.traffic",
        "readers.tls",
    ),
    topics={
        "link": "events:NetlinkEvents",
        "address": "events:NetlinkEvents",
        "route": "events:NetlinkEvents",
        "nft": "events:NetlinkEvents",
    },
    inventory="inventory.network",
    copies="inventory.sysctls",
    fleeting="fleeting",
    removal=dict.fromkeys(
        (
            "netns",
            "nft",
            "iptables",
            "ip6tables",
            "rule",
            "neighbour",
            "fdb",
            "qdisc",
            "route",
            "address",
            "link",
            "hostname",
            "ipc",
        ),
        Removal.NETWORKS,
    ),
    drawn={
        "namespace": Drawn("namespace", "place", "◇"),
        "bridge": Drawn("bridge", "segment", line="━"),
        "link": Drawn("link", "segment", line="─"),
    },
    shells={"netns": Shell(("sudo", "ip", "netns", "exec", "{}", "bash"), "◇")},
)
