"""Open vSwitch in the bench: virtual switches that are programmed by flows."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Daemon, Drawn, Family, Removal
from lab_engine.families.openvswitch import probes, resources

FAMILY: Final = Family(
    name="openvswitch",
    threads=4,
    daemon=Daemon(
        "/run/openvswitch/db.sock",
        ("ovs-vswitchd", "ovsdb-server"),
        pidfile="/run/openvswitch/ovs-vswitchd.pid",
    ),
    resources={
        resources.OvsBridge: "bridge:OvsBridgeProvider",
        resources.OvsPort: "port:OvsPortProvider",
    },
    probes=(
        probes.OvsBridgeProbe,
        probes.OvsBridgesProbe,
        probes.OvsFlowsProbe,
    ),
    readers=("readers",),
    topics={"openvswitch": "events:OpenvswitchEvents"},
    inventory="inventory",
    removal={"ovs-port": Removal.STORES, "ovs-bridge": Removal.STORES},
    machinery="machinery",
    interfaces="interfaces",
    drawn={"ovs-bridge": Drawn("OVS bridge", "segment", line="━")},
)
