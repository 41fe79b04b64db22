"""Nodes, what their engines run, and the Swarms that they make, as parts of the picture."""

from __future__ import annotations

from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.nodes.probes import (
    NodeContainer,
    NodeContainersProbe,
    NodesProbe,
    NodeSummary,
    SwarmMember,
    SwarmProbe,
    SwarmReading,
)


async def read(questions: Questions, parts: Parts) -> None:
    """Draw the containers that are nodes as such, with the containers in them."""
    (there,) = await questions.all([NodesProbe()])
    nodes = there.nodes if there else ()
    able = [one.name for one in nodes if one.answers]
    within = await questions.all([NodeContainersProbe(name) for name in able])
    managers = [one.name for one in nodes if one.manager]
    told = await questions.all([SwarmProbe(name) for name in managers])
    swarms = [one for one in told if one is not None]
    for one in nodes:
        _node(one, swarms, parts)
    for name, found in zip(able, within, strict=True):
        for container in found.containers if found else ():
            _container(container, name, parts)


def _node(one: NodeSummary, swarms: list[SwarmReading], parts: Parts) -> None:
    key = f"container/{one.name}"
    drawn = parts.nodes.get(key)
    state = one.state if one.answers or one.state != "running" else "its engine is silent"
    facts = [(what, text) for what, text in drawn.facts if what != "state"] if drawn else []
    shell = f"container:{one.name}" if one.state == "running" else ""
    for swarm in swarms:
        member = swarm.member(one.name)
        if member and swarm.cluster:
            state = _role(member)
            facts.append(("swarm", swarm.cluster[:12]))
            name = f"swarm/{swarm.cluster}"
            if name not in parts.nodes:
                parts.add(Node(name, "swarm", swarm.cluster[:6]))
            parts.join(key, name, member.role)
            break
    on = one.answers and "down" not in state
    parts.add(Node(key, "node", one.name, state, on, (("state", state), *facts), shell))


def _role(member: SwarmMember) -> str:
    role = "leader" if member.leader else member.role
    odd = [word for word in (member.state, member.availability) if word not in ("ready", "active")]
    return ", ".join([role, *odd])


def _container(one: NodeContainer, node: str, parts: Parts) -> None:
    # The last word of a task's name is its id, which says nothing.
    name = ".".join(one.name.split(".")[:-1]) if one.task else one.name
    facts = [("node", node), ("image", one.image), ("state", one.state)]
    facts += [("service", one.service)] if one.service else []
    key = f"node-container/{node}/{one.name}"
    state = f"{one.state} on {node}"
    parts.add(Node(key, "node-container", name, state, one.state == "running", tuple(facts)))
