"""Answers questions about nodes and Swarms (agent side).

Every picture asks for nodes; Docker's library, which the answers need, is for benches that have
one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.nodes.agent.folder import FOLDER
from lab_engine.families.nodes.probes import (
    NodeContainersProbe,
    NodeContainersReading,
    NodesProbe,
    NodesReading,
    SwarmProbe,
    SwarmReading,
    SwarmServiceProbe,
    SwarmServiceReading,
)


def nodes(probe: NodesProbe) -> NodesReading:
    if not FOLDER.is_dir():
        return NodesReading()
    from lab_engine.families.nodes.agent import asked

    return asked.nodes(probe)


def containers(probe: NodeContainersProbe) -> NodeContainersReading:
    if not FOLDER.is_dir():
        return NodeContainersReading(exists=False)
    from lab_engine.families.nodes.agent import asked

    return asked.containers(probe)


def swarm(probe: SwarmProbe) -> SwarmReading:
    if not FOLDER.is_dir():
        return SwarmReading(exists=False)
    from lab_engine.families.nodes.agent import asked

    return asked.swarm(probe)


def service(probe: SwarmServiceProbe) -> SwarmServiceReading:
    if not FOLDER.is_dir():
        return SwarmServiceReading(exists=False)
    from lab_engine.families.nodes.agent import asked

    return asked.service(probe)


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {
    NodesProbe: nodes,
    NodeContainersProbe: containers,
    SwarmProbe: swarm,
    SwarmServiceProbe: service,
}
