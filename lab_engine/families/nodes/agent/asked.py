"""What nodes and Swarms are, told by the nodes' own engines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import docker.errors

from lab_engine.families.docker.agent.engine import Api
from lab_engine.families.docker.agent.readers import seconds_of
from lab_engine.families.nodes.agent import at
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
from lab_engine.kernel import proc, processes

TASK_LABEL: Final = "com.docker.swarm.task.id"
SERVICE_LABEL: Final = "com.docker.swarm.service.name"
LEADERLESS_SECONDS: Final = 25.0
"""A manager without a leader answers after 20 s (`swarmRequestTimeout` of Docker's daemon)."""
_ID: Final = re.compile(r"[0-9a-f]{64}")


def nodes(_: NodesProbe) -> NodesReading:
    return NodesReading(tuple(_summary(one) for one in at.containers()))


def _summary(found: Mapping[str, Any]) -> NodeSummary:
    name, state = found["Names"][0].lstrip("/"), found["State"]
    about = NodeSummary(name, found["Id"], state)
    if state != "running":
        return about
    try:
        with at.engine(name) as api:
            swarm = api.info()["Swarm"]
    except (at.Silent, docker.errors.APIError):
        return about
    return NodeSummary(
        name,
        found["Id"],
        state,
        answers=True,
        swarm=swarm["LocalNodeState"],
        manager=bool(swarm["ControlAvailable"]),
    )


def containers(probe: NodeContainersProbe) -> NodeContainersReading:
    try:
        with at.engine(probe.node) as api:
            found = api.containers(all=True)
    except at.Silent:
        return NodeContainersReading(exists=False)
    pids = _first_processes({one["Id"] for one in found if one["State"] == "running"})
    return NodeContainersReading(
        containers=tuple(
            sorted(
                (_container(one, pids.get(one["Id"], 0)) for one in found),
                key=lambda one: one.name,
            )
        )
    )


def _container(found: Mapping[str, Any], pid: int) -> NodeContainer:
    labels = found.get("Labels") or {}
    return NodeContainer(
        id=found["Id"],
        name=found["Names"][0].lstrip("/"),
        image=found["Image"],
        image_id=found["ImageID"],
        state=found["State"],
        pid=pid,
        task=labels.get(TASK_LABEL, ""),
        service=labels.get(SERVICE_LABEL, ""),
    )


def _first_processes(ids: set[str]) -> dict[str, int]:
    """The bench's number of the first process of each container, by its control group.

    The node's engine knows them by the numbers of the node's own PID namespace.
    """
    found: dict[str, int] = {}
    # A container's first process is older than all that it started.
    for pid in sorted(proc.pids(), key=_started) if ids else ():
        try:
            groups = proc.read_text(f"{pid}/cgroup")
        except OSError:
            continue
        # Below the group of the node, which is a container's, too.
        for container in ids.intersection(_ID.findall(groups)):
            found.setdefault(container, pid)
    return found


def _started(pid: int) -> tuple[int, int]:
    about = processes.read(pid)
    return (about.start if about else 1 << 62, pid)


def swarm(probe: SwarmProbe) -> SwarmReading:
    try:
        with at.engine(probe.node, seconds=LEADERLESS_SECONDS) as api:
            about = api.info()["Swarm"]
            manager = bool(about["ControlAvailable"])
            members, services = _members(api) if manager else ((), ())
    except at.Silent:
        return SwarmReading(exists=False)
    except docker.errors.APIError as error:
        # A manager without the others, or one that is just being told of its end.
        return SwarmReading(
            state=about["LocalNodeState"],
            id=about["NodeID"],
            manager=bool(about["ControlAvailable"]),
            trouble=str(error.explanation or error),
        )
    return SwarmReading(
        state=about["LocalNodeState"],
        id=about["NodeID"],
        cluster=(about.get("Cluster") or {}).get("ID", ""),
        address=about["NodeAddr"],
        manager=manager,
        managers=tuple(sorted(one["Addr"] for one in about.get("RemoteManagers") or ())),
        members=members,
        services=services,
        trouble=about.get("Error") or "",
    )


def _members(api: Api) -> tuple[tuple[SwarmMember, ...], tuple[str, ...]]:
    members = sorted(map(_member, api.nodes()), key=lambda one: (one.name, one.id))
    return tuple(members), tuple(sorted(one["Spec"]["Name"] for one in api.services()))


def _member(found: Mapping[str, Any]) -> SwarmMember:
    spec, status = found["Spec"], found["Status"]
    manager = found.get("ManagerStatus") or {}
    return SwarmMember(
        id=found["ID"],
        name=found["Description"].get("Hostname", ""),
        role=spec["Role"],
        availability=spec["Availability"],
        state=status["State"],
        address=status.get("Addr", ""),
        leader=manager.get("Leader", False),
        reachability=manager.get("Reachability", ""),
        labels=spec.get("Labels") or {},
    )


def service(probe: SwarmServiceProbe) -> SwarmServiceReading:
    try:
        with at.engine(probe.node) as api:
            if not api.info()["Swarm"]["ControlAvailable"]:
                return SwarmServiceReading(exists=False)
            # The filter goes by the beginning of a name.
            listed = api.services(filters={"name": probe.service})
            found = [one for one in listed if one["Spec"]["Name"] == probe.service]
            if not found:
                return SwarmServiceReading(exists=False)
            tasks = api.tasks(filters={"service": found[0]["ID"]})
            names = {one["ID"]: one["Description"].get("Hostname", "") for one in api.nodes()}
            networks = {one["Id"]: one["Name"] for one in api.networks()}
    except (at.Silent, docker.errors.APIError):
        return SwarmServiceReading(exists=False)
    return _service(found[0], tasks, names, networks)


def _service(
    found: Mapping[str, Any],
    tasks: list[dict[str, Any]],
    names: Mapping[str, str],
    networks: Mapping[str, str],
) -> SwarmServiceReading:
    spec = found["Spec"]
    template, mode = spec["TaskTemplate"], next(iter(spec["Mode"]))
    program = template["ContainerSpec"]
    wanted = template.get("Networks") or spec.get("Networks") or ()
    return SwarmServiceReading(
        id=found["ID"],
        image=program["Image"],
        command=_command(program),
        mode=mode.lower(),
        replicas=(spec["Mode"][mode] or {}).get("Replicas", 0),
        endpoint=(spec.get("EndpointSpec") or {}).get("Mode", "vip"),
        networks=tuple(sorted(networks.get(one["Target"], one["Target"]) for one in wanted)),
        constraints=tuple((template.get("Placement") or {}).get("Constraints") or ()),
        update=(found.get("UpdateStatus") or {}).get("State", ""),
        on_failure=(spec.get("UpdateConfig") or {}).get("FailureAction", ""),
        undoable=bool(found.get("PreviousSpec")),
        tasks=tuple(
            sorted((_task(one, names) for one in tasks), key=lambda one: (one.slot, one.id))
        ),
    )


def _task(found: Mapping[str, Any], names: Mapping[str, str]) -> SwarmTask:
    status = found["Status"]
    about = status.get("ContainerStatus") or {}
    node = found.get("NodeID", "")
    return SwarmTask(
        id=found["ID"],
        # A global service has none.
        slot=found.get("Slot", 0),
        node=names.get(node, node),
        state=status["State"],
        desired=found["DesiredState"],
        container=about.get("ContainerID", ""),
        image=found["Spec"]["ContainerSpec"]["Image"],
        error=status.get("Err", ""),
        exit_code=about.get("ExitCode", 0),
        since=seconds_of(status.get("Timestamp", "")),
        command=_command(found["Spec"]["ContainerSpec"]),
    )


def _command(program: Mapping[str, Any]) -> tuple[str, ...]:
    return (*(program.get("Command") or ()), *(program.get("Args") or ()))
