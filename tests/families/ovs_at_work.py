"""A bridge with three hosts (runs as root in a bench): `python -m tests.families.ovs_at_work WHAT`.

`red` and `blue` are in VLAN 10, `grey` in none. `s2` belongs to nobody.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lab_engine.agent.genuine import require_genuine
from lab_engine.common.plan import ordered
from lab_engine.errors import DaemonDown
from lab_engine.families.netlink.resources import Address, End, Host, Link
from lab_engine.families.openvswitch.agent import inventory, readers
from lab_engine.families.openvswitch.agent.events import OpenvswitchEvents
from lab_engine.families.openvswitch.family import FAMILY
from lab_engine.families.openvswitch.probes import (
    OvsBridgeProbe,
    OvsBridgesProbe,
    OvsFlow,
    OvsFlowsProbe,
)
from lab_engine.families.openvswitch.resources import OvsBridge, OvsPort
from lab_engine.kernel import processes
from tests.families.bench_state import holds, sh
from tests.families.obligations import destroy, make

HOSTS = ("red", "blue", "grey")
RESOURCES = ordered(
    [
        OvsBridge("s1"),
        *(Host(host) for host in HOSTS),
        *(Link(host, a=End(f"p-{host}"), b=End("eth0", host=host)) for host in HOSTS),
        *(
            Address(host, cidr=f"10.7.0.{at}/24", interface="eth0", host=host, link=host)
            for at, host in enumerate(HOSTS, 1)
        ),
        OvsPort("p-red", bridge="s1", link="red", tag=10, number=1),
        OvsPort("p-blue", bridge="s1", link="blue", tag=10, number=2),
        OvsPort("p-grey", bridge="s1", link="grey", number=3),
        OvsPort("inside", bridge="s1"),
    ]
)
SERVE = "import socket; s = socket.create_server(('', 80)); s.settimeout(9)"
SENT = f"{SERVE}; c, _ = s.accept(); c.sendall(b'x' * 1000000); c.close()"
READ = "import socket; c = socket.create_connection(('10.7.0.2', 80), 3); c.settimeout(3)"
COUNTED = f"{READ}; n = sum(map(len, iter(lambda: c.recv(65536), b''))); assert n == 1000000, n"


def build() -> None:
    for resource in RESOURCES:
        make(resource)


def clear() -> None:
    for resource in reversed(RESOURCES):
        destroy(resource)


def pings(start: str, to: str) -> bool:
    return holds(f"ip netns exec {start} ping -c 3 -i 0.2 -W 1 {to}")


def flow(name: str, value: str) -> OvsFlow:
    """The one flow of s1 whose match has this."""
    (found,) = (
        one for one in readers.all_flows(OvsFlowsProbe("s1")).flows if one.match.get(name) == value
    )
    return found


def eventually(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not what():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def frames_go_where_the_tags_let_them() -> None:
    assert pings("red", "10.7.0.2")
    assert not pings("red", "10.7.0.3")
    # What TCP sends is longer than a ping, and its checksum counts.
    serve = f'ip netns exec blue python3 -c "{SENT}"'
    sh(f'{serve} & sleep 0.5; ip netns exec red python3 -c "{COUNTED}"; wait')


def a_bridge_is_read() -> None:
    sh("ovs-vsctl set-controller s1 tcp:127.0.0.1:6653")
    seen = readers.bridge(OvsBridgeProbe("s1"))
    sh("ovs-vsctl del-controller s1")
    assert (seen.datapath_type, seen.fail_mode) == ("netdev", "standalone")
    assert [one.target for one in seen.controllers] == ["tcp:127.0.0.1:6653"]
    assert not seen.connected
    red, inside = seen.port("p-red"), seen.port("inside")
    assert red is not None
    assert (red.number, red.tag, red.type, red.error) == (1, 10, "", "")
    assert inside is not None
    assert (inside.tag, inside.type) == (None, "internal")
    assert not readers.bridge(OvsBridgeProbe("s9")).exists
    assert not readers.all_flows(OvsFlowsProbe("s9")).exists
    assert readers.bridges(OvsBridgesProbe()).names == ("s1",)


def flows_are_read_and_count() -> None:
    before = inventory.entries()["ovs-bridge/s1"]
    sh("ovs-ofctl add-flow s1 'priority=20,tcp,nw_dst=10.7.0.2,tp_dst=80,cookie=0x77,actions=drop'")
    seen = flow("tp_dst", "80")
    assert (seen.priority, seen.cookie, seen.actions, seen.packets) == (20, 0x77, "drop", 0)
    assert seen.match == {"tcp": "", "nw_dst": "10.7.0.2", "tp_dst": "80"}
    assert not holds("ip netns exec red nc -z -w 1 10.7.0.2 80")
    # ovs-vswitchd counts up to a second late.
    eventually(lambda: flow("tp_dst", "80").packets > 0)
    after = inventory.entries()["ovs-bridge/s1"]
    assert before.splitlines()[0] == after.splitlines()[0], "a flow is inside"
    assert before != after
    sh("ovs-ofctl del-flows s1 tcp")
    assert inventory.entries()["ovs-bridge/s1"] == before


def a_bridge_of_one_version_tells_its_flows() -> None:
    sh("ovs-vsctl set bridge s1 protocols=OpenFlow13")
    sh("ovs-ofctl -O OpenFlow13 add-flow s1 icmp,actions=drop")
    assert flow("icmp", "").priority == 32768
    sh("ovs-ofctl -O OpenFlow13 del-flows s1 icmp; ovs-vsctl clear bridge s1 protocols")


def changes_are_told() -> None:
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()
    source = OpenvswitchEvents(lambda topic, _: heard.put(topic))
    source.start()
    try:
        # The first may come before it listens.
        eventually(
            lambda: (
                holds("ovs-vsctl set port inside tag=5; ovs-vsctl clear port inside tag")
                and not heard.empty()
            )
        )
        assert heard.get(timeout=1) == "openvswitch"
    finally:
        source.stop()


def a_dead_switch_is_named_and_comes_back() -> None:
    assert FAMILY.daemon is not None
    switch = processes.of_pidfile(FAMILY.daemon.pidfile)
    assert switch is not None
    os.kill(switch.pid, signal.SIGKILL)
    eventually(lambda: processes.of_pidfile(FAMILY.daemon.pidfile if FAMILY.daemon else "") is None)
    named = ""
    try:
        readers.bridge(OvsBridgeProbe("s1"))
    except DaemonDown as error:
        named = error.daemon
    assert named == "openvswitch"
    sh("/usr/lib/infralab/bin/start-openvswitch")
    assert pings("red", "10.7.0.2")


def work() -> None:
    assert Path("/sys/class/net/inside").exists()
    require_genuine(FAMILY)
    for part in (
        frames_go_where_the_tags_let_them,
        a_bridge_is_read,
        flows_are_read_and_count,
        a_bridge_of_one_version_tells_its_flows,
        changes_are_told,
        a_dead_switch_is_named_and_comes_back,
    ):
        began = time.monotonic()
        part()
        print(f"{part.__name__}: {time.monotonic() - began:.2f} s")


if __name__ == "__main__":
    {"build": build, "work": work, "clear": clear}[sys.argv[1]]()
