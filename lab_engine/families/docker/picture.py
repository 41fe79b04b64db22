"""Containers, networks and volumes of the bench's Docker engine, as parts of the picture."""

from __future__ import annotations

from lab_engine.families.docker.probes.container import (
    DockerContainerProbe,
    DockerContainerReading,
    DockerContainersProbe,
)
from lab_engine.families.docker.probes.engine import (
    DockerNetworkReading,
    DockerNetworksProbe,
    DockerVolumesProbe,
)
from lab_engine.families.drawing import Node, Parts, Questions


async def read(questions: Questions, parts: Parts) -> None:
    """Add what the engine has. The networks `host` and `none` only where a container uses them."""
    containers, networks, volumes = await questions.all(
        [DockerContainersProbe(), DockerNetworksProbe(), DockerVolumesProbe()]
    )
    names = [one.name for one in containers.containers] if containers else []
    details = await questions.all([DockerContainerProbe(name) for name in names])
    found = [one for one in details if one is not None]
    used = {name for one in found for name in one.networks}
    every = networks.networks if networks else ()
    for network in sorted(every, key=lambda network: network.created_at):
        # The driver of `none` is called `null`.
        if network.driver not in ("host", "null") or network.name in used:
            _network(network, parts)
    for volume in volumes.names if volumes else ():
        parts.add(Node(f"volume/{volume}", "volume", volume))
    for one in sorted(found, key=lambda one: one.created_at):
        _container(one, parts)
    for one in found:
        if one.shares_with:
            _shared(one, parts)


def _network(network: DockerNetworkReading, parts: Parts) -> None:
    key = f"network/{network.name}"
    facts = [("driver", network.driver)]
    facts += [("subnet", subnet) for subnet in network.subnets]
    facts += [("gateway", gateway) for gateway in network.gateways]
    if network.internal:
        facts.append(("internal", "yes"))
    bridge = network.bridge or ("docker0" if network.name == "bridge" else "")
    if bridge:
        facts.append(("bridge", bridge))
        parts.bridges[bridge] = key
    parts.add(Node(key, "network", network.name, facts=tuple(facts)))


def _container(one: DockerContainerReading, parts: Parts) -> None:
    key = f"container/{one.name}"
    state = one.state if one.state != "exited" else f"exited ({one.exit_code})"
    facts = [("image", one.image), ("state", state)]
    if one.health:
        facts.append(("health", one.health))
    facts += [("address", f"{e.address} on {n}") for n, e in one.networks.items() if e.address]
    facts += [(f"{m.type} at {m.destination}", m.name or m.source) for m in one.mounts]
    facts += [("port", f"{p.host} to {p.container}/{p.protocol}") for p in one.ports if p.host]
    if one.shares_with:
        facts.append(("shares the network of", one.shares_with))
    shell = f"container:{one.name}" if one.running else ""
    parts.add(Node(key, "container", one.name, state, one.running, tuple(facts), shell))
    for network, endpoint in one.networks.items():
        parts.join(key, f"network/{network}", endpoint.address)
    for mount in one.mounts:
        if mount.name:
            parts.join(key, f"volume/{mount.name}", mount.destination)


def _shared(one: DockerContainerReading, parts: Parts) -> None:
    """Two containers in one network namespace: a wire of their own, on which both are."""
    key, owner = f"shared-network/{one.shares_with}", f"container/{one.shares_with}"
    if key not in parts.nodes:
        parts.add(Node(key, "shared-network", f"network of {one.shares_with}"))
        parts.join(owner, key)
    parts.join(f"container/{one.name}", key)
