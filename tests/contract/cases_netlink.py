"""The kinds of this family, each with how to damage it and what a stranger would put in its place.

`damages` and `foreign` are shell commands for root. `foreign` makes an unmarked thing where ours
would go; `theirs` succeeds as long as that thing is untouched.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_engine.resources.base import Resource
from lab_engine.resources.netlink import (
    Address,
    Bridge,
    End,
    Filter,
    Host,
    Link,
    Nat,
    Route,
    Rule,
)


@dataclass(frozen=True)
class Case:
    name: str
    resource: Resource
    damages: tuple[str, ...] = ()
    foreign: str = ""
    theirs: str = ""
    before: tuple[Resource, ...] = ()
    """Made first, for what the resource needs besides."""


def stranger(table: str) -> str:
    """A table of that name with somebody's rule in it."""
    commands = f"add table inet {table}; add chain inet {table} c; add rule inet {table} c counter"
    return f"ip netns exec left nft '{commands}'"


LEFT, RIGHT = Host("left"), Host("right")
CABLE = Link("cable", a=End("eth0", host="left"), b=End("eth0", host="right"))
LEFT_ADDRESS = Address("left-ip", cidr="10.9.0.1/24", interface="eth0", host="left", link="cable")

CASES = (
    Case(
        "host",
        Host("edge", forwarding=True),
        damages=(
            "ip -n edge link set lo down",
            "ip netns exec edge sh -c 'echo 0 > /proc/sys/net/ipv4/ip_forward'",
            "ip netns del edge; echo infralab:contract-test:host/edge > /run/netns/edge",
        ),
        foreign="ip netns add edge; ip -n edge link add stranger type bridge",
        theirs="ip -n edge link show stranger",
    ),
    Case(
        "host-plain-file",
        Host("edge"),
        foreign="echo mine > /run/netns/edge",
        theirs="grep -q mine /run/netns/edge",
    ),
    Case(
        "bridge",
        Bridge("br-lab"),
        damages=(
            "ip link set br-lab down",
            "ip link set br-lab type bridge stp_state 1",
            "ip link set br-lab mtu 1400",
        ),
        foreign="ip link add br-lab type bridge; ip link set br-lab alias theirs",
        theirs="ip link show br-lab | grep -q theirs",
    ),
    Case(
        "bridge-in-host",
        Bridge("br-lab", host="left"),
        damages=("ip -n left link set br-lab down",),
        foreign="ip -n left link add br-lab type veth peer name other",
        theirs="ip -n left link show other",
        before=(LEFT,),
    ),
    Case(
        "link",
        Link(
            "cable",
            a=End("port1", bridge="br-lab"),
            b=End("eth0", host="left", mac="02:00:00:00:00:07"),
            mtu=1400,
        ),
        damages=(
            "ip link set port1 nomaster",
            "ip link set port1 down",
            "ip -n left link set eth0 mtu 1300",
            "ip -n left link set eth0 address 02:00:00:00:00:08",
            "ip link set port1 down; ip link set port1 name port2; ip link set port2 up",
            "ip -n left link set eth0 netns right",
        ),
        foreign="ip link add port1 type bridge",
        theirs="ip -d link show port1 | grep -q bridge",
        before=(LEFT, RIGHT, Bridge("br-lab")),
    ),
    Case(
        "link-between-hosts",
        CABLE,
        damages=("ip -n right link set eth0 down",),
        foreign="ip -n right link add eth0 type bridge",
        theirs="ip -n right -d link show eth0 | grep -q bridge",
        before=(LEFT, RIGHT),
    ),
    Case(
        "link-in-one-place",
        Link("loop", a=End("one"), b=End("two")),
        damages=("ip link set two down",),
    ),
    Case(
        "address",
        LEFT_ADDRESS,
        damages=("ip -n left addr del 10.9.0.1/24 dev eth0", "ip -n left addr flush dev eth0"),
        foreign="ip -n left addr add 10.9.0.1/24 dev eth0",
        theirs="ip -n left addr show eth0 | grep -q 10.9.0.1/24",
        before=(LEFT, RIGHT, CABLE),
    ),
    Case(
        "address-ipv6-on-bridge",
        Address("gateway", cidr="fd00:9::1/64", bridge="br-lab"),
        damages=("ip addr del fd00:9::1/64 dev br-lab",),
        before=(Bridge("br-lab"),),
    ),
    Case(
        "route",
        Route("out", to="default", via="10.9.0.2", host="left", address="left-ip"),
        damages=(
            "ip -n left route del default",
            "ip -n left route replace default via 10.9.0.3",
            "ip -n left link set eth0 down; ip -n left link set eth0 up",
        ),
        foreign="ip -n left route add default via 10.9.0.9",
        theirs="ip -n left route show default | grep -q 10.9.0.9",
        before=(LEFT, RIGHT, CABLE, LEFT_ADDRESS),
    ),
    Case(
        "route-on-the-wire",
        Route("lab", to="10.77.0.0/16", dev="eth0", host="left", metric=50),
        damages=("ip -n left route del 10.77.0.0/16",),
        before=(LEFT, RIGHT, CABLE),
    ),
    Case(
        "nat",
        Nat("out", action="masquerade", source="10.9.0.0/24", out_interface="eth0", host="left"),
        damages=(
            "ip netns exec left nft flush table inet infralab-nat-out",
            "ip netns exec left nft add rule inet infralab-nat-out postrouting counter",
            "ip netns exec left nft add chain inet infralab-nat-out more",
        ),
        foreign=stranger("infralab-nat-out"),
        theirs="ip netns exec left nft list chain inet infralab-nat-out c",
        before=(LEFT,),
    ),
    Case(
        "nat-to",
        Nat("in", action="dnat", protocol="tcp", port=80, to_address="10.9.0.2", to_port=8080),
        damages=("nft delete chain inet infralab-nat-in prerouting",),
    ),
    Case(
        "filter",
        Filter(
            "guard",
            hook="input",
            host="left",
            rules=(
                Rule("accept", state=("established", "related")),
                Rule("accept", protocol="tcp", port=22, source="10.9.0.0/24"),
                Rule("reject", protocol="icmp"),
                Rule("drop", in_interface="eth0", destination="10.9.0.1"),
            ),
            policy="drop",
        ),
        damages=(
            "ip netns exec left nft flush table inet infralab-filter-guard",
            "ip netns exec left nft 'chain inet infralab-filter-guard input { policy accept; }'",
            "ip netns exec left nft insert rule inet infralab-filter-guard input accept",
        ),
        foreign=stranger("infralab-filter-guard"),
        theirs="ip netns exec left nft list chain inet infralab-filter-guard c",
        before=(LEFT,),
    ),
)
