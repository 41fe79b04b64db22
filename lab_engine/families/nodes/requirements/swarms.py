"""Statements about machines that are one Swarm, and about what it keeps running (client side)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lab_engine.common.evidence import See, require
from lab_engine.families.nodes.probes import (
    NodeContainersProbe,
    NodeContainersReading,
    SwarmMember,
    SwarmProbe,
    SwarmReading,
    SwarmServiceProbe,
    SwarmServiceReading,
)


async def require_swarm(
    see: See, managers: Sequence[str], workers: Sequence[str] = ()
) -> tuple[SwarmMember, ...]:
    """These nodes are one Swarm, each in its role, ready; and no machine of another name is in it.

        await require_swarm(see, ["north"], workers=["south", "west"])

    Asked of the first manager, and of each node itself: a list of names is no machine that takes
    part. Entries of machines that are down and were replaced by a new one of the same name are
    left out. One round trip. Returns the members, managers first.

    Reasons: `silent` (a node's engine), `no-swarm`, `no-manager`, `another-swarm`, `not-joined`,
    `other-role`, `not-ready`, `others`.

    Args:
        see: the check's way to ask.
        managers: names of nodes; the first one is asked for all others.
        workers: names of nodes.
    """
    names = [*managers, *workers]
    found = await see(*map(SwarmProbe, names))
    # One probe is answered by itself, several by a list.
    told = (found,) if isinstance(found, SwarmReading) else tuple(found)
    first, leader = told[0], names[0]
    for name, one in zip(names, told, strict=True):
        require(
            one.exists,
            "silent",
            expected=f"The engine of {name} answers.",
            observed="It does not.",
            look=f"docker ps -a --filter name={name}",
        )
    require(
        first.state == "active",
        "no-swarm",
        expected=f"{leader} is in a swarm.",
        observed=f"Its engine says: {first.state}.",
        look=f"docker exec {leader} docker info -f '{{{{.Swarm.LocalNodeState}}}}'",
    )
    look = f"docker exec {leader} docker node ls"
    require(
        first.manager and not first.trouble,
        "no-manager",
        expected=f"{leader} is a manager.",
        observed=first.trouble or "It is a worker.",
        look=f"docker exec {leader} docker info -f '{{{{.Swarm.ControlAvailable}}}}'",
    )
    members = []
    for name, one in zip(names, told, strict=True):
        require(
            one.state == "active",
            "not-joined",
            expected=f"{name} is in the swarm of {leader}.",
            observed=f"Its engine says: {one.state}.",
            look=f"docker exec {name} docker info -f '{{{{.Swarm.LocalNodeState}}}}'",
        )
        member = next((m for m in first.members if m.id == one.id), None)
        require(
            member is not None,
            "another-swarm",
            expected=f"{name} is in the swarm of {leader}.",
            observed="It is in another one.",
            look=f"{look}; docker exec {name} docker info -f '{{{{.Swarm.NodeID}}}}'",
        )
        assert member is not None
        role = "manager" if name in managers else "worker"
        require(
            member.role == role,
            "other-role",
            expected=f"{name} is a {role}.",
            observed=f"It is a {member.role}.",
            look=look,
        )
        require(
            member.state == "ready",
            "not-ready",
            expected=f"The swarm says that {name} is ready.",
            observed=f"It says: {member.state}.",
            look=look,
        )
        members.append(member)
    others = [m.name for m in first.members if m.name not in names]
    require(
        not others,
        "others",
        expected=f"The swarm is {', '.join(names)}.",
        observed=f"It has {', '.join(others)}, too.",
        look=look,
    )
    return tuple(members)


async def require_spread(
    see: See,
    manager: str,
    service: str,
    count: int,
    *,
    image: str,
    among: Collection[str],
    least: int = 1,
    network: str = "",
) -> SwarmServiceReading:
    """A service of the Swarm wants this many tasks; they run, on these nodes, each of this image.

        await require_spread(
            see, "north", "shop", 3, image="busybox", among=["north", "south"], least=2
        )

    Each task must also be a container that runs in the engine of its node: what a manager
    believes of a node that is gone does not count. Two round trips. Returns the service.

    Reasons: `no-service`, `other-number` (wanted), `other-network`, `not-running`, `elsewhere` (a
    node that is not among them), `not-spread`, `other-image`.

    Args:
        see: the check's way to ask.
        manager: the node that is asked.
        service: by its whole name.
        count: how many tasks.
        image: the reference with which it was made; a tag of `latest` may be written or not.
        among: the nodes on which they may be.
        least: on how many different ones they must be.
        network: an overlay network that it must be on; empty for any.
    """
    nodes = sorted(among)
    found, *within = await see(
        SwarmServiceProbe(manager, service), *map(NodeContainersProbe, nodes)
    )
    assert isinstance(found, SwarmServiceReading)
    look = f"docker exec {manager} docker service ps {service} || docker exec {manager} docker info"
    require(
        found.exists,
        "no-service",
        expected=f"The swarm has a service called {service}.",
        observed=f"{manager} knows of none.",
        look=f"docker exec {manager} docker info -f '{{{{.Swarm.LocalNodeState}}}}'",
    )
    require(
        found.replicas == count,
        "other-number",
        expected=f"The service {service} wants {count}.",
        observed=f"It wants {found.replicas}."
        if found.mode == "replicated"
        else f"It is of the mode {found.mode}.",
        look=look,
    )
    require(
        not network or network in found.networks,
        "other-network",
        expected=f"The service {service} is on the network {network}.",
        observed=f"It is on {', '.join(found.networks) or 'none'}.",
        look=f"docker exec {manager} docker service inspect --pretty {service}",
    )
    elsewhere = sorted({task.node for task in found.running} - set(nodes))
    require(
        not elsewhere,
        "elsewhere",
        expected=f"Its tasks run on {', '.join(nodes)}.",
        observed=f"Some run on {', '.join(elsewhere)}.",
        look=look,
    )
    real = {
        one.id
        for reading in within
        if isinstance(reading, NodeContainersReading)
        for one in reading.containers
        if one.state == "running"
    }
    running = [task for task in found.running if task.container in real]
    require(
        len(running) == count,
        "not-running",
        expected=f"{count} tasks of the service {service} run.",
        observed=f"It is {len(running)}.",
        look=look,
    )
    require(
        len({task.node for task in running}) >= least,
        "not-spread",
        expected=f"They run on {least} different nodes at least.",
        observed=f"They run on {', '.join(sorted({task.node for task in running}))}.",
        look=look,
    )
    require(
        all(_same(task.image, image) for task in running),
        "other-image",
        expected=f"They are made of {image}.",
        observed=f"They are made of {', '.join(sorted({task.image for task in running}))}.",
        look=look,
    )
    return found


def _same(one: str, other: str) -> bool:
    """Whether two references name the same image; what a registry adds after `@` does not count."""
    return _plain(one) == _plain(other)


def _plain(reference: str) -> str:
    name = reference.partition("@")[0]
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"
