"""Answers the Docker probes through the Engine API (agent side)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import docker.errors
import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.docker.agent import named
from lab_engine.families.docker.agent.engine import Api, asking
from lab_engine.families.docker.agent.inside import read_file, read_log, run_command
from lab_engine.families.docker.probes.container import (
    ContainerSummary,
    DockerContainerProbe,
    DockerContainerReading,
    DockerContainersProbe,
    DockerContainersReading,
    Endpoint,
    Limits,
    MountPoint,
    PublishedPort,
)
from lab_engine.families.docker.probes.engine import (
    DockerImageProbe,
    DockerImageReading,
    DockerInfoProbe,
    DockerInfoReading,
    DockerNetworkProbe,
    DockerNetworkReading,
    DockerNetworksProbe,
    DockerNetworksReading,
    DockerVolumeProbe,
    DockerVolumeReading,
    DockerVolumesProbe,
    DockerVolumesReading,
)
from lab_engine.families.docker.probes.inside import (
    ContainerCommandProbe,
    ContainerFileProbe,
    ContainerLayersProbe,
    ContainerLayersReading,
    ContainerLogProbe,
)

NAMESPACES: Final = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
_NANO: Final = 1_000_000_000


def seconds_of(text: str) -> float:
    """The engine's time stamp as seconds since 1970; its zero time is 0."""
    if not text or text.startswith("0001-"):
        return 0.0
    return datetime.fromisoformat(text).timestamp()


def _pairs(entries: list[str] | None) -> dict[str, str]:
    return {name: value for name, _, value in (entry.partition("=") for entry in entries or ())}


def _endpoint(found: Mapping[str, Any]) -> Endpoint:
    return Endpoint(
        address=found["IPAddress"],
        prefix=found["IPPrefixLen"],
        gateway=found["Gateway"],
        mac=found["MacAddress"],
        # What is empty comes as null.
        aliases=tuple(found["Aliases"] or ()),
        names=tuple(found.get("DNSNames") or ()),
    )


def _mount(found: Mapping[str, Any]) -> MountPoint:
    return MountPoint(
        type=found["Type"],
        destination=found["Destination"],
        name=found.get("Name", ""),
        source=found.get("Source", ""),
        driver=found.get("Driver", ""),
        read_only=not found["RW"],
    )


def _tmpfs(host: Mapping[str, Any]) -> list[MountPoint]:
    """The mounts of `--tmpfs`, which the engine lists apart from the others."""
    return [
        MountPoint("tmpfs", target, read_only="ro" in options.split(","))
        for target, options in (host.get("Tmpfs") or {}).items()
    ]


def _limits(host: Mapping[str, Any]) -> Limits:
    cpus = (host.get("NanoCpus") or 0) / _NANO
    if not cpus and (host.get("CpuQuota") or 0) > 0:
        # A tenth of a second is the kernel's own period (sched-bwc).
        cpus = host["CpuQuota"] / (host.get("CpuPeriod") or 100_000)
    # No limit on processes is null, 0 or -1.
    return Limits(memory=host.get("Memory") or 0, cpus=cpus, pids=max(0, host["PidsLimit"] or 0))


def _ports(bindings: Mapping[str, Any] | None) -> tuple[PublishedPort, ...]:
    ports: dict[tuple[int, str, int], PublishedPort] = {}
    for inner, outer in (bindings or {}).items():
        number, _, protocol = inner.partition("/")
        for binding in outer or ():
            host = int(binding["HostPort"] or 0)
            # The engine publishes on IPv4 and on IPv6; one of the two is enough here.
            ports.setdefault(
                (int(number), protocol, host),
                PublishedPort(int(number), host, protocol or "tcp", binding["HostIp"]),
            )
    return tuple(ports.values())


def _links(pid: int) -> tuple[str, ...]:
    # The first two lines are headings.
    lines = Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]
    return tuple(sorted(line.partition(":")[0].strip() for line in lines))


def _namespaces(pid: int | str) -> dict[str, str]:
    return {name: str(Path(f"/proc/{pid}/ns/{name}").readlink()) for name in NAMESPACES}


def _place(pid: int) -> dict[str, Any]:
    """What the kernel says of a container's first process: its links and namespaces."""
    if not pid:
        return {}
    try:
        # The first process stands for the bench: threads of the agent visit other namespaces.
        own, bench = _namespaces(pid), _namespaces(1)
        return {
            "links": _links(pid),
            "namespaces": own,
            "on_host": tuple(name for name in NAMESPACES if own[name] == bench[name]),
        }
    except (FileNotFoundError, ProcessLookupError):
        return {}


def _name_of(api: Api, container: str) -> str:
    try:
        return str(api.inspect_container(container)["Name"]).lstrip("/")
    except docker.errors.NotFound:
        return ""


def _mode(host: Mapping[str, Any], networks: Mapping[str, Any]) -> str:
    mode = str(host["NetworkMode"])
    if mode.startswith("container:"):
        return "container"
    # What the engine keeps when nothing was said: the bridge.
    if mode == "default":
        return "bridge"
    return mode if mode in networks or not networks else next(iter(networks))


_MODES: Final = {"net": "NetworkMode", "pid": "PidMode", "ipc": "IpcMode"}
"""The kinds of namespace that a container can take from another, by their setting."""


def _joined(host: Mapping[str, Any]) -> dict[str, str]:
    said = {kind: str(host.get(key) or "") for kind, key in _MODES.items()}
    return {
        kind: mode.partition(":")[2] for kind, mode in said.items() if mode.startswith("container:")
    }


def container(probe: DockerContainerProbe) -> DockerContainerReading:
    with asking(f"describe the container {probe.container}") as api:
        try:
            found = named.container(api, probe.container)
        except docker.errors.NotFound:
            return DockerContainerReading(exists=False)
        state, host, config = found["State"], found["HostConfig"], found["Config"]
        networks = found["NetworkSettings"]["Networks"] or {}
        other = str(host["NetworkMode"]).partition("container:")[2]
        shares_with = _name_of(api, other) if other else ""
    return DockerContainerReading(
        id=found["Id"],
        name=found["Name"].lstrip("/"),
        image=config["Image"],
        image_id=found["Image"],
        command=(found["Path"], *found["Args"]),
        state=state["Status"],
        health=(state.get("Health") or {}).get("Status", ""),
        exit_code=state["ExitCode"],
        oom_killed=state["OOMKilled"],
        restarts=found["RestartCount"],
        restart_policy=host["RestartPolicy"]["Name"] or "no",
        pid=state["Pid"],
        created_at=seconds_of(found["Created"]),
        started_at=seconds_of(state["StartedAt"]),
        finished_at=seconds_of(state["FinishedAt"]),
        network_mode=_mode(host, networks),
        shares_with=shares_with,
        networks={name: _endpoint(endpoint) for name, endpoint in networks.items()},
        mounts=(*map(_mount, found["Mounts"]), *_tmpfs(host)),
        limits=_limits(host),
        # One that does not run has no ports; then those that it asks for are told.
        ports=_ports(found["NetworkSettings"]["Ports"] or host["PortBindings"]),
        environment=_pairs(config["Env"]),
        labels=config["Labels"] or {},
        hostname=config["Hostname"],
        user=config["User"],
        joined=_joined(host),
        read_only=host["ReadonlyRootfs"],
        privileged=host["Privileged"],
        **_place(state["Pid"]),
    )


def containers(_: DockerContainersProbe) -> DockerContainersReading:
    with asking("list its containers") as api:
        found = api.containers(all=True)
    return DockerContainersReading(
        tuple(
            ContainerSummary(
                id=entry["Id"],
                name=entry["Names"][0].lstrip("/"),
                image=entry["Image"],
                state=entry["State"],
                networks={
                    name: endpoint["IPAddress"]
                    for name, endpoint in (entry["NetworkSettings"]["Networks"] or {}).items()
                },
                labels=entry["Labels"] or {},
            )
            for entry in found
        )
    )


def _gateway(pool: Mapping[str, str], driver: str) -> str:
    """A pool's gateway. A bridge takes its subnet's first address when none was asked for."""
    if pool.get("Gateway") or driver != "bridge" or not pool.get("Subnet"):
        return pool.get("Gateway", "")
    return str(ipaddress.ip_network(pool["Subnet"])[1])


def network_reading(found: Mapping[str, Any]) -> DockerNetworkReading:
    """A network's reading from the engine's description of it."""
    pools = (found.get("IPAM") or {}).get("Config") or ()
    options = found.get("Options") or {}
    bridge = ""
    if found["Driver"] == "bridge":
        bridge = options.get("com.docker.network.bridge.name") or f"br-{found['Id'][:12]}"
    return DockerNetworkReading(
        id=found["Id"],
        name=found["Name"],
        driver=found["Driver"],
        scope=found["Scope"],
        subnets=tuple(pool["Subnet"] for pool in pools if pool.get("Subnet")),
        gateways=tuple(gateway for pool in pools if (gateway := _gateway(pool, found["Driver"]))),
        internal=found["Internal"],
        attachable=found["Attachable"],
        options=options,
        labels=found.get("Labels") or {},
        containers={
            entry["Name"]: entry["IPv4Address"].partition("/")[0]
            for entry in (found.get("Containers") or {}).values()
        },
        bridge=bridge,
        created_at=seconds_of(found["Created"]),
    )


def network(probe: DockerNetworkProbe) -> DockerNetworkReading:
    with asking(f"describe the network {probe.network}") as api:
        try:
            return network_reading(named.network(api, probe.network))
        except docker.errors.NotFound:
            return DockerNetworkReading(exists=False)


def networks(_: DockerNetworksProbe) -> DockerNetworksReading:
    with asking("list its networks") as api:
        return DockerNetworksReading(tuple(map(network_reading, api.networks())))


def volume(probe: DockerVolumeProbe) -> DockerVolumeReading:
    with asking(f"describe the volume {probe.volume}") as api:
        try:
            found = api.inspect_volume(probe.volume)
        except docker.errors.NotFound:
            return DockerVolumeReading(exists=False)
        users = api.containers(all=True, filters={"volume": probe.volume})
    return DockerVolumeReading(
        name=found["Name"],
        driver=found["Driver"],
        mountpoint=found["Mountpoint"],
        options=found["Options"] or {},
        labels=found["Labels"] or {},
        created_at=seconds_of(found["CreatedAt"]),
        used_by=tuple(
            sorted(
                entry["Names"][0].lstrip("/")
                for entry in users
                # The filter also matches parts of names and mount points.
                if any(mount.get("Name") == probe.volume for mount in entry["Mounts"])
            )
        ),
    )


def volumes(_: DockerVolumesProbe) -> DockerVolumesReading:
    with asking("list its volumes") as api:
        found = api.volumes()["Volumes"] or ()
    return DockerVolumesReading(tuple(sorted(entry["Name"] for entry in found)))


def image(probe: DockerImageProbe) -> DockerImageReading:
    with asking(f"describe the image {probe.image}") as api:
        try:
            found = named.image(api, probe.image)
        except docker.errors.NotFound:
            return DockerImageReading(exists=False)
    config = found.get("Config") or {}
    return DockerImageReading(
        id=found["Id"],
        tags=tuple(found["RepoTags"] or ()),
        size=found["Size"],
        created_at=seconds_of(found.get("Created", "")),
        command=tuple(config.get("Cmd") or ()),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        environment=_pairs(config.get("Env")),
        labels=config.get("Labels") or {},
        layers=tuple((found.get("RootFS") or {}).get("Layers") or ()),
        user=config.get("User") or "",
    )


def info(_: DockerInfoProbe) -> DockerInfoReading:
    with asking("describe itself") as api:
        found = api.info()
    return DockerInfoReading(
        version=found["ServerVersion"],
        storage_driver=found["Driver"],
        cgroup_version=int(found["CgroupVersion"]),
        cgroup_driver=found["CgroupDriver"],
        root=found["DockerRootDir"],
    )


CHANGES: Final = ("changed", "added", "deleted")
"""The kinds of change of the Engine API, by number."""


def read_layers(probe: ContainerLayersProbe) -> ContainerLayersReading:
    with asking(f"list the layers of {probe.container}") as api:
        try:
            about = named.container(api, probe.container)
            changes = api.diff(about["Id"]) or []
        except docker.errors.NotFound:
            return ContainerLayersReading(exists=False)
    graph = about.get("GraphDriver") or {}
    data = graph.get("Data") or {}
    return ContainerLayersReading(
        driver=graph.get("Name", ""),
        writable=data.get("UpperDir", ""),
        lower=tuple(filter(None, data.get("LowerDir", "").split(":"))),
        changes={change["Path"]: CHANGES[change["Kind"]] for change in changes},
    )


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {
    DockerContainerProbe: container,
    DockerContainersProbe: containers,
    DockerNetworkProbe: network,
    DockerNetworksProbe: networks,
    DockerVolumeProbe: volume,
    DockerVolumesProbe: volumes,
    DockerImageProbe: image,
    DockerInfoProbe: info,
    ContainerCommandProbe: run_command,
    ContainerFileProbe: read_file,
    ContainerLogProbe: read_log,
    ContainerLayersProbe: read_layers,
}
