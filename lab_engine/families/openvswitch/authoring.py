"""What a lab may ask for and ask about of Open vSwitch."""

from __future__ import annotations

from lab_engine.families.openvswitch.probes import (
    OvsBridgeProbe,
    OvsBridgeReading,
    OvsBridgesProbe,
    OvsBridgesReading,
    OvsController,
    OvsFlow,
    OvsFlowsProbe,
    OvsFlowsReading,
    OvsPortReading,
)
from lab_engine.families.openvswitch.resources import OvsBridge, OvsPort

__all__ = [
    "OvsBridge",
    "OvsBridgeProbe",
    "OvsBridgeReading",
    "OvsBridgesProbe",
    "OvsBridgesReading",
    "OvsController",
    "OvsFlow",
    "OvsFlowsProbe",
    "OvsFlowsReading",
    "OvsPort",
    "OvsPortReading",
]
