"""Answers the probes about Open vSwitch (agent side)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.openvswitch.agent import flows, switch
from lab_engine.families.openvswitch.agent.ovsdb import asking
from lab_engine.families.openvswitch.agent.switch import BridgeFacts, PortFacts
from lab_engine.families.openvswitch.probes import (
    OvsBridgeProbe,
    OvsBridgeReading,
    OvsBridgesProbe,
    OvsBridgesReading,
    OvsController,
    OvsFlowsProbe,
    OvsFlowsReading,
    OvsPortReading,
)


def _bridges() -> dict[str, BridgeFacts]:
    with asking("describe its bridges") as connection:
        return switch.bridges(connection)


def bridge(probe: OvsBridgeProbe) -> OvsBridgeReading:
    found = _bridges().get(probe.bridge)
    if found is None:
        return OvsBridgeReading(exists=False)
    return OvsBridgeReading(
        name=found.name,
        datapath_type=found.datapath_type,
        datapath_id=found.datapath_id,
        fail_mode=found.fail_mode,
        protocols=found.protocols,
        stp=found.stp,
        controllers=tuple(
            OvsController(one.target, one.connected, one.role) for one in found.controllers
        ),
        ports=tuple(_port(one) for one in found.ports),
    )


def _port(port: PortFacts) -> OvsPortReading:
    first = port.interfaces[0]
    return OvsPortReading(
        name=port.name,
        # -1 when the bridge could not take the interface (ovs-vswitchd.conf.db(5), ofport).
        number=max(first.number, 0),
        type=first.type,
        tag=port.tag,
        trunks=port.trunks,
        vlan_mode=port.vlan_mode,
        interfaces=tuple(card.name for card in port.interfaces),
        error=first.error,
        mac=first.mac,
        statistics=first.statistics,
        external_ids=port.external_ids,
    )


def bridges(_: OvsBridgesProbe) -> OvsBridgesReading:
    return OvsBridgesReading(tuple(_bridges()))


def all_flows(probe: OvsFlowsProbe) -> OvsFlowsReading:
    found = _bridges().get(probe.bridge)
    if found is None:
        return OvsFlowsReading(exists=False)
    return OvsFlowsReading(flows=flows.read(found.name, found.protocols))


READERS: Final[dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]]] = {
    OvsBridgeProbe: bridge,
    OvsBridgesProbe: bridges,
    OvsFlowsProbe: all_flows,
}
