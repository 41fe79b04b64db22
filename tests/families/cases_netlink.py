"""What a network is made of, for the contract suite."""

from __future__ import annotations

from lab_engine.families.netlink.resources import (
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
from tests.families.case import Case, Damage, changes


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
        damages=changes(
            "ip -n edge link set lo down",
            "ip netns exec edge sh -c 'echo 0 > /proc/sys/net/ipv4/ip_forward'",
            "ip netns del edge; echo infralab:contract-test:host/edge > /run/netns/edge",
        ),
        foreign="ip netns add edge; ip -n edge link add stranger type bridge",
        theirs="ip -n edge link show stranger",
        shown="ip netns exec edge sysctl -n net.ipv4.ip_forward | grep -q 1",
    ),
    Case(
        "host-plain-file",
        Host("edge"),
        foreign="echo mine > /run/netns/edge",
        theirs="grep -q mine /run/netns/edge",
        shown="ip -n edge link show lo",
    ),
    Case(
        "bridge",
        Bridge("br-lab"),
        damages=changes(
            "ip link set br-lab down",
            "ip link set br-lab type bridge stp_state 1",
            "ip link set br-lab mtu 1400",
        ),
        foreign="ip link add br-lab type bridge; ip link set br-lab alias theirs",
        theirs="ip link show br-lab | grep -q theirs",
        shown="ip -d link show br-lab | grep -q 'bridge '",
    ),
    Case(
        "bridge-in-host",
        Bridge("br-lab", host="left"),
        damages=changes("ip -n left link set br-lab down"),
        foreign="ip -n left link add br-lab type veth peer name other",
        theirs="ip -n left link show other",
        needs=(LEFT,),
        shown="ip -n left -d link show br-lab | grep -q 'bridge '",
    ),
    Case(
        "link",
        Link(
            "cable",
            a=End("port1", bridge="br-lab"),
            b=End("eth0", host="left", mac="02:00:00:00:00:07"),
            mtu=1400,
        ),
        damages=changes(
            "ip link set port1 nomaster",
            "ip link set port1 down",
            "ip -n left link set eth0 mtu 1300",
            "ip link set port1 down; ip link set port1 name port2; ip link set port2 up",
            "ip -n left link set eth0 netns right",
            Damage("ip -n left link set eth0 address 02:00:00:00:00:08", listed=False),
        ),
        foreign="ip link add port1 type bridge",
        theirs="ip -d link show port1 | grep -q bridge",
        needs=(LEFT, RIGHT, Bridge("br-lab")),
        shown=(
            "ip link show port1 | grep -q 'master br-lab'; "
            "ip -n left link show eth0 | grep -q 02:00:00:00:00:07"
        ),
    ),
    Case(
        "link-between-hosts",
        CABLE,
        damages=changes("ip -n right link set eth0 down"),
        foreign="ip -n right link add eth0 type bridge",
        theirs="ip -n right -d link show eth0 | grep -q bridge",
        needs=(LEFT, RIGHT),
        shown="ip -n right -d link show eth0 | grep -q veth; ip -n left link show eth0",
    ),
    Case(
        "link-in-one-place",
        Link("loop", a=End("one"), b=End("two")),
        damages=changes("ip link set two down"),
        shown="ip -d link show one | grep -q veth; ip -d link show two | grep -q veth",
    ),
    Case(
        "address",
        LEFT_ADDRESS,
        damages=changes(
            "ip -n left addr del 10.9.0.1/24 dev eth0", "ip -n left addr flush dev eth0"
        ),
        foreign="ip -n left addr add 10.9.0.1/24 dev eth0",
        theirs="ip -n left addr show eth0 | grep -q 10.9.0.1/24",
        needs=(LEFT, RIGHT, CABLE),
        shown="ip -n left addr show eth0 | grep -q 'inet 10.9.0.1/24'",
    ),
    Case(
        "address-ipv6-on-bridge",
        Address("gateway", cidr="fd00:9::1/64", bridge="br-lab", host="left"),
        damages=changes("ip -n left addr del fd00:9::1/64 dev br-lab"),
        needs=(LEFT, Bridge("br-lab", host="left")),
        shown="ip -n left addr show br-lab | grep -q fd00:9::1/64",
    ),
    Case(
        "route",
        Route("out", to="default", via="10.9.0.2", host="left", address="left-ip"),
        damages=changes(
            "ip -n left route del default",
            "ip -n left route replace default via 10.9.0.3",
            "ip -n left link set eth0 down; ip -n left link set eth0 up",
        ),
        foreign="ip -n left route add default via 10.9.0.9",
        theirs="ip -n left route show default | grep -q 10.9.0.9",
        needs=(LEFT, RIGHT, CABLE, LEFT_ADDRESS),
        shown="ip -n left route get 192.0.2.1 | grep -q 'via 10.9.0.2'",
    ),
    Case(
        "route-on-the-wire",
        Route("lab", to="10.77.0.0/16", dev="eth0", host="left", metric=50),
        damages=changes("ip -n left route del 10.77.0.0/16"),
        needs=(LEFT, RIGHT, CABLE),
        shown="ip -n left route get 10.77.1.1 | grep -q 'dev eth0'",
    ),
    Case(
        "nat",
        Nat("out", action="masquerade", source="10.9.0.0/24", out_interface="eth0", host="left"),
        damages=changes(
            "ip netns exec left nft flush table inet infralab-nat-out",
            "ip netns exec left nft add rule inet infralab-nat-out postrouting counter",
            "ip netns exec left nft add chain inet infralab-nat-out more",
        ),
        foreign=stranger("infralab-nat-out"),
        theirs="ip netns exec left nft list chain inet infralab-nat-out c",
        needs=(LEFT,),
        shown="ip netns exec left nft list ruleset | grep -q 'saddr 10.9.0.0/24 .*masquerade'",
    ),
    Case(
        "nat-to",
        Nat("in", action="dnat", protocol="tcp", port=80, to_address="10.9.0.2", to_port=8080),
        damages=changes("nft delete chain inet infralab-nat-in prerouting"),
        shown="nft list ruleset | grep -q 'dnat ip to 10.9.0.2:8080'",
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
        damages=changes(
            "ip netns exec left nft flush table inet infralab-filter-guard",
            "ip netns exec left nft 'chain inet infralab-filter-guard input { policy accept; }'",
            "ip netns exec left nft insert rule inet infralab-filter-guard input accept",
        ),
        foreign=stranger("infralab-filter-guard"),
        theirs="ip netns exec left nft list chain inet infralab-filter-guard c",
        needs=(LEFT,),
        shown="! ip netns exec left ping -c 1 -W 1 127.0.0.1",
    ),
)
