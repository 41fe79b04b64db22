"""What a lab may ask for and ask about of nodes and Swarms."""

from __future__ import annotations

from lab_engine.families.nodes.probes import (
    NodeContainer,
    NodeContainersProbe,
    NodeContainersReading,
    NodesProbe,
    NodesReading,
    NodeSummary,
    SwarmMember,
    SwarmProbe,
    SwarmReading,
    SwarmServiceProbe,
    SwarmServiceReading,
    SwarmTask,
)
from lab_engine.families.nodes.requirements.swarms import require_spread, require_swarm
from lab_engine.families.nodes.resources import Node

__all__ = [
    "Node",
    "NodeContainer",
    "NodeContainersProbe",
    "NodeContainersReading",
    "NodeSummary",
    "NodesProbe",
    "NodesReading",
    "SwarmMember",
    "SwarmProbe",
    "SwarmReading",
    "SwarmServiceProbe",
    "SwarmServiceReading",
    "SwarmTask",
    "require_spread",
    "require_swarm",
]
