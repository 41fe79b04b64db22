"""Nodes in the bench: containers of its engine, each with an engine of its own."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Drawn, Family, Removal
from lab_engine.families.nodes import probes, resources

FAMILY: Final = Family(
    name="nodes",
    threads=8,
    resources={resources.Node: "node:NodeProvider"},
    probes=(
        probes.NodesProbe,
        probes.NodeContainersProbe,
        probes.SwarmProbe,
        probes.SwarmServiceProbe,
    ),
    readers=("readers",),
    topics={"node": "events:NodeEvents"},
    inventory="inventory",
    removal={"node": Removal.MACHINES},
    mended=("node",),
    fleeting="fleeting",
    drawn={
        "node": Drawn("node", "place", "▦"),
        "node-container": Drawn("container", "place", "▣"),
        "swarm": Drawn("swarm", "segment", line="┅"),
    },
)
