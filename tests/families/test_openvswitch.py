"""Open vSwitch: what its resources accept, how flows are read, and a bridge at work in a bench."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from lab_engine.bench.container import Bench
from lab_engine.common.probe import Answer, Probe
from lab_engine.errors import ResourceError
from lab_engine.families.openvswitch.agent.flows import parsed
from lab_engine.families.openvswitch.probes import OvsFlow
from lab_engine.families.openvswitch.resources import OvsBridge, OvsPort
from lab_engine.tui.topology.read import PictureReader
from tests.families.conftest import InBench


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", lambda: OvsBridge("ovs-netdev")),
        ("name", lambda: OvsBridge("a-name-of-16-bytes")),
        ("controllers[0]", lambda: OvsBridge("s1", controllers=("127.0.0.1:6653",))),
        ("name", lambda: OvsPort("s1", bridge="s1")),
        ("tag", lambda: OvsPort("p1", bridge="s1", tag=4096)),
        ("trunks", lambda: OvsPort("p1", bridge="s1", trunks=(20, 10))),
        ("vlan_mode", lambda: OvsPort("p1", bridge="s1", vlan_mode="access")),
        ("vlan_mode", lambda: OvsPort("p1", bridge="s1", vlan_mode="trunk", tag=1)),
        ("vlan_mode", lambda: OvsPort("p1", bridge="s1", vlan_mode="native-tagged")),
        ("number", lambda: OvsPort("p1", bridge="s1", number=65534)),
    ],
)
def test_what_cannot_be_is_refused(field: str, wrong: Any) -> None:
    with pytest.raises(ResourceError) as refused:
        wrong()
    assert refused.value.field == field


def test_a_port_comes_after_its_bridge_and_its_cable() -> None:
    needs = OvsPort("p1", bridge="s1", link="cable").needs()
    assert [need.key for need in needs] == ["ovs-bridge/s1", "link/cable"]


def test_flows_are_read_with_what_is_told_of_them() -> None:
    """Lines that ovs-ofctl 3.5 wrote."""
    line = (
        " cookie=0x77, duration=0.023s, table=1, n_packets=3, n_bytes=294, idle_timeout=60, "
        "reset_counts idle_age=0, priority=20,tcp,nw_src=10.0.0.0/24,tp_dst=8080 "
        "actions=push_vlan:0x8100,set_field:4101->vlan_vid,resubmit(,1)"
    )
    assert parsed(line) == OvsFlow(
        20,
        "push_vlan:0x8100,set_field:4101->vlan_vid,resubmit(,1)",
        {"tcp": "", "nw_src": "10.0.0.0/24", "tp_dst": "8080"},
        table=1,
        cookie=0x77,
        packets=3,
        bytes=294,
        seconds=0.023,
        idle_timeout=60,
    )
    bare = " cookie=0x0, duration=4s, table=0, n_packets=0, n_bytes=0, idle_age=4, actions=NORMAL"
    assert parsed(bare) == OvsFlow(32768, "NORMAL", seconds=4.0)


@pytest.mark.bench
@pytest.mark.slow
def test_a_bridge_at_work(in_bench: InBench) -> None:
    async def ask(probes: Sequence[Probe[Any]]) -> Sequence[Answer]:
        words = msgspec.json.encode(list(probes)).decode()
        return msgspec.json.decode(in_bench("asked", words), type=tuple[Answer, ...])

    in_bench("ovs_at_work", "build", daemon="openvswitch")
    try:
        picture = asyncio.run(PictureReader().read(ask, ["openvswitch"]))
        assert picture.troubles == ()
        assert {(edge.place, edge.to) for edge in picture.edges} == {
            (f"namespace/{host}", "ovs-bridge/s1") for host in ("red", "blue", "grey")
        }
        bridge = picture.node("ovs-bridge/s1")
        assert bridge is not None
        assert dict(bridge.facts)["port 1"] == "p-red, VLAN 10"
        in_bench("ovs_at_work", "work")
    finally:
        in_bench("ovs_at_work", "clear")


@pytest.mark.bench
@pytest.mark.slow
def test_a_database_that_hangs_is_named_in_time(in_bench: InBench) -> None:
    in_bench("hung", "ovs-bridge", "ovsdb-server", daemon="openvswitch")


@pytest.mark.bench
def test_it_ends_with_the_bench(bench: Bench) -> None:
    assert bench.run(["/usr/lib/infralab/bin/start-openvswitch"]).exit_code == 0
    assert bench.run(["pidof", "ovs-vswitchd", "ovsdb-server"]).exit_code == 0
    assert bench.run(["/usr/lib/infralab/bin/stop-all"]).exit_code == 0
    assert bench.run(["pidof", "ovs-vswitchd", "ovsdb-server"]).exit_code == 1
