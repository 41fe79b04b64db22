"""Questions about nodes, what their engines run, and the Swarms that they make."""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from lab_engine.common.probe import Probe, Reading

TOPICS: Final = frozenset({"node", "docker:container"})


class NodeSummary(msgspec.Struct, frozen=True):
    """One node. `answers` says whether its engine does; without that nothing else is known of it.

    `swarm` is the engine's word: `inactive`, `pending`, `active`, `error` or `locked`. `manager`
    says whether it is one.
    """

    name: str
    id: str
    state: str
    answers: bool = False
    swarm: str = ""
    manager: bool = False


class NodesReading(Reading, frozen=True):
    """All nodes, by name."""

    nodes: tuple[NodeSummary, ...] = ()


class NodesProbe(Probe[NodesReading], frozen=True, tag="nodes"):
    """Which nodes there are, running or not.

    Example::

        NodesProbe()
        all(one.answers for one in reading.nodes)
    """

    reading: ClassVar[type[msgspec.Struct]] = NodesReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class NodeContainer(msgspec.Struct, frozen=True):
    """A container of a node's engine.

    `pid` is the number of its first process in the bench, for `place.process`; 0 when it does not
    run. `task` is the id of the task of a Swarm that it is made for; empty for all others.
    """

    id: str
    name: str
    image: str
    image_id: str
    state: str
    pid: int = 0
    task: str = ""
    service: str = ""


class NodeContainersReading(Reading, frozen=True):
    """Its containers, in the order of their names. `exists` is false when its engine is silent."""

    exists: bool = True
    containers: tuple[NodeContainer, ...] = ()


class NodeContainersProbe(Probe[NodeContainersReading], frozen=True, tag="node-containers"):
    """What the engine of one node has, running or not.

    Example::

        NodeContainersProbe("north")
        any(one.service == "shop" and one.state == "running" for one in reading.containers)
    """

    node: str

    reading: ClassVar[type[msgspec.Struct]] = NodeContainersReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class SwarmMember(msgspec.Struct, frozen=True):
    """One machine of a Swarm, as a manager knows it.

    `role` is `manager` or `worker`, `availability` is `active`, `pause` or `drain`, `state` is
    `ready`, `down`, `unknown` or `disconnected`. `reachability` is empty for a worker.
    """

    id: str
    name: str
    role: str
    availability: str
    state: str
    address: str = ""
    leader: bool = False
    reachability: str = ""
    labels: dict[str, str] = {}


class SwarmReading(Reading, frozen=True):
    """A node's part in a Swarm.

    `exists` is false when its engine is silent. `state` is that of `NodeSummary.swarm`, `id` its
    own id in the Swarm, `cluster` the Swarm's own, which only managers know, as they do the
    `members` and `services`. `managers` are the addresses, with ports, that it would talk to.
    `trouble` is what the engine says of why it cannot take part, such as a lost quorum.
    """

    exists: bool = True
    state: str = ""
    id: str = ""
    cluster: str = ""
    address: str = ""
    manager: bool = False
    managers: tuple[str, ...] = ()
    members: tuple[SwarmMember, ...] = ()
    services: tuple[str, ...] = ()
    trouble: str = ""

    def member(self, name: str) -> SwarmMember | None:
        """The machine of that name that is not down; else one that is."""
        found = sorted(
            (one for one in self.members if one.name == name), key=lambda one: one.state != "ready"
        )
        return found[0] if found else None


class SwarmProbe(Probe[SwarmReading], frozen=True, tag="swarm"):
    """What one node's engine knows of the Swarm that it is in.

    Example::

        SwarmProbe("north")
        reading.manager and len(reading.members) == 3
    """

    node: str

    reading: ClassVar[type[msgspec.Struct]] = SwarmReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class SwarmTask(msgspec.Struct, frozen=True):
    """One task: a container that a service wants, from the wish to its end.

    `state` and `desired` are Swarm's words, such as `running`, `shutdown`, `failed`, `rejected`.
    `node` is the machine's name, empty until one was found; `since` when the state was reached, in
    seconds since 1970; `error` is Swarm's reason in words; `command` is what its container runs
    instead of the image's own, as arguments.
    """

    id: str
    slot: int
    node: str
    state: str
    desired: str
    container: str = ""
    image: str = ""
    error: str = ""
    exit_code: int = 0
    since: float = 0.0
    command: tuple[str, ...] = ()


class SwarmServiceReading(Reading, frozen=True):
    """A service, as a manager knows it.

    `exists` is false where the node is no manager, too. `replicas` is how many are wanted, 0 for
    the mode `global`. `endpoint` is `vip` or `dnsrr`; `networks` are names; `constraints` as they
    were written. `update` is the last update's state, such as `completed`, `paused` or
    `rollback_completed`; `on_failure` is what it shall do about one that fails. `undoable` says
    whether it could be rolled back by a command: never before its first update, nor after it has
    rolled back by itself.
    """

    exists: bool = True
    id: str = ""
    image: str = ""
    command: tuple[str, ...] = ()
    mode: str = ""
    replicas: int = 0
    endpoint: str = ""
    networks: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    update: str = ""
    on_failure: str = ""
    undoable: bool = False
    tasks: tuple[SwarmTask, ...] = ()

    @property
    def running(self) -> tuple[SwarmTask, ...]:
        """Those that shall run, and do."""
        return tuple(one for one in self.tasks if one.desired == one.state == "running")


class SwarmServiceProbe(Probe[SwarmServiceReading], frozen=True, tag="swarm-service"):
    """A service by its whole name, asked of a node that is a manager.

    Example::

        SwarmServiceProbe("north", "shop")
        {one.node for one in reading.running} == {"north", "south"}
    """

    node: str
    service: str

    reading: ClassVar[type[msgspec.Struct]] = SwarmServiceReading

    def topics(self) -> frozenset[str]:
        return TOPICS
