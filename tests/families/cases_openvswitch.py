"""Bridges and ports of Open vSwitch, for the contract suite."""

from __future__ import annotations

from lab_engine.families.netlink.resources import End, Host, Link
from lab_engine.families.openvswitch.resources import OvsBridge, OvsPort
from tests.families.case import Case, Damage, changes

LEFT = Host("left")
SWITCH = OvsBridge("s1", fail_mode="secure")
CABLE = Link("cable", a=End("p1"), b=End("eth0", host="left"))
THEIRS = "ovs-vsctl add-br theirs -- set bridge theirs datapath_type=netdev; "

CASES = (
    Case(
        "ovs-bridge",
        OvsBridge(
            "s1",
            fail_mode="secure",
            protocols=("OpenFlow10", "OpenFlow13"),
            controllers=("tcp:127.0.0.1:6653",),
        ),
        damages=changes(
            "ovs-vsctl set-fail-mode s1 standalone",
            "ovs-vsctl del-fail-mode s1",
            "ovs-vsctl set bridge s1 protocols=OpenFlow13",
            "ovs-vsctl del-controller s1",
            "ovs-vsctl set-controller s1 tcp:127.0.0.1:6633",
            "ovs-vsctl set bridge s1 stp_enable=true",
            Damage("ovs-vsctl del-br s1", leaves="gone"),
            Damage(
                "ovs-vsctl del-br s1; ip link add s1 type bridge",
                leaves="stranger",
                clear="ip link del s1",
            ),
        ),
        foreign="ovs-vsctl add-br s1 -- set bridge s1 datapath_type=netdev",
        theirs="ovs-vsctl br-exists s1",
        shown="ip link show s1; ovs-ofctl show s1 | grep -q 'LOCAL(s1)'",
    ),
    Case(
        "ovs-bridge-interface",
        OvsBridge("s1"),
        foreign="ip link add s1 type bridge",
        theirs="ip -d link show s1 | grep -q 'bridge '",
        shown="ovs-ofctl dump-flows s1 | grep -q actions=NORMAL",
    ),
    Case(
        "ovs-port",
        OvsPort("p1", bridge="s1", link="cable", tag=10, number=7),
        damages=changes(
            "ovs-vsctl set port p1 tag=20",
            "ovs-vsctl clear port p1 tag",
            "ovs-vsctl set port p1 trunks=10,20",
            "ovs-vsctl set port p1 vlan_mode=native-tagged",
            "ovs-vsctl set interface p1 ofport_request=9",
            Damage("ovs-vsctl del-port p1", leaves="gone"),
            Damage(
                f"{THEIRS} ovs-vsctl del-port p1 -- add-port theirs p1",
                leaves="stranger",
                clear="ovs-vsctl del-br theirs",
            ),
        ),
        foreign=f"{THEIRS} ovs-vsctl add-port theirs p1",
        theirs="ovs-vsctl port-to-br p1 | grep -q theirs",
        needs=(LEFT, SWITCH, CABLE),
        shown="ovs-ofctl show s1 | grep -q ' 7(p1)'; "
        "ip netns exec left ethtool -k eth0 | grep -q 'tx-checksumming: off'",
    ),
    Case(
        "ovs-port-trunk",
        OvsPort(
            "p1", bridge="s1", link="cable", tag=1, trunks=(10, 20), vlan_mode="native-untagged"
        ),
        damages=changes("ovs-vsctl set port p1 trunks=10", "ovs-vsctl clear port p1 vlan_mode"),
        needs=(LEFT, SWITCH, CABLE),
        shown="ovs-appctl dpif/show | grep -q 'p1 '",
    ),
    Case(
        "ovs-port-internal",
        OvsPort("inside", bridge="s1"),
        damages=changes("ovs-vsctl set port inside tag=3"),
        foreign="ip link add inside type bridge",
        theirs="ip -d link show inside | grep -q 'bridge '",
        needs=(SWITCH,),
        shown="ip -d link show inside | grep -q 'tun '",
    ),
)
