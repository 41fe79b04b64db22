"""Bridges of Open vSwitch, as parts of the picture."""

from __future__ import annotations

from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.openvswitch.probes import (
    OvsBridgeProbe,
    OvsBridgeReading,
    OvsBridgesProbe,
    OvsPortReading,
)


async def read(questions: Questions, parts: Parts) -> None:
    """Add the bridges. What is cabled to their ports is joined where cables are drawn."""
    (there,) = await questions.all([OvsBridgesProbe()])
    names = there.names if there else ()
    for one in await questions.all([OvsBridgeProbe(name) for name in names]):
        if one is not None:
            _bridge(one, parts)


def _bridge(one: OvsBridgeReading, parts: Parts) -> None:
    key = f"ovs-bridge/{one.name}"
    mode = one.fail_mode or "standalone"
    facts = [("fail mode", mode)]
    facts += [
        ("controller", f"{it.target}, {'connected' if it.connected else 'silent'}")
        for it in one.controllers
    ]
    facts += [(f"port {port.number}", _port(port)) for port in one.ports if port.name != one.name]
    parts.add(Node(key, "ovs-bridge", one.name, mode, facts=tuple(facts)))
    for port in one.ports:
        parts.ports.update(dict.fromkeys(port.interfaces, key))


def _port(port: OvsPortReading) -> str:
    vlan = [f"VLAN {port.tag}"] if port.tag is not None else []
    trunks = [f"trunk {' '.join(map(str, port.trunks))}"] if port.trunks else []
    return ", ".join([port.name, *vlan, *trunks, *([port.error] if port.error else [])])
