"""What the inner Docker engine has, by name: to see what changed and to take away what is new."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import docker.errors

from lab_engine.common import digest
from lab_engine.errors import ProviderError
from lab_engine.families.docker.agent import contexts, daemon, named
from lab_engine.families.docker.agent.engine import (
    RESOURCE_LABEL,
    WORK_SECONDS,
    Api,
    asking,
    remove_container,
)
from lab_engine.families.docker.family import FAMILY
from lab_engine.families.docker.resources import BUILT_IN_NETWORKS
from lab_engine.families.files.agent.cgroups import read_cgroup
from lab_engine.families.files.probes import CgroupProbe

_MAX_FILES: Final = 5000
_WRITTEN_LIMITS: Final = ("memory", "swap", "cpus", "cpu_weight", "cpuset", "pids", "frozen")
_LIMITS: Final = ("Memory", "NanoCpus", "CpuQuota", "PidsLimit", "RestartPolicy", "CpuShares")


def short_reference(reference: str) -> str:
    """A reference as people write it: without `:latest`."""
    return reference.removesuffix(":latest")


def entries() -> dict[str, str]:
    """All containers, user-defined networks, volumes and images, with a fingerprint of each.

    Keys are those of the resources: `container/web`, `docker-network/lan`, `docker-volume/data`,
    `image/busybox` (an image without a name: `image/<id>`); `swarm/node` when the engine has joined
    or begun a Swarm; `engine-setting/live-restore` when its containers outlive it;
    `engine-setting/no-bridge` when the interface of its own network is gone; and
    `docker-context/far` for each way to another engine that the learner's client knows. A
    fingerprint has up to two lines. The first is what is changed from outside only: identity,
    state, image, networks, addresses, limits. The second is what is inside and may change by itself
    while a container works: when it was started, the limits in its groups' files, the files of its
    own layer, the contents of a volume. A comparison of what should have been left alone looks at
    the first, an undo at both.

    Raises DaemonDown when the engine does not answer.
    """
    found: dict[str, str] = {}
    with asking("list what it has") as api:
        for entry in api.containers(all=True):
            if not _is_anothers(entry) and (mark := _container(api, entry["Id"])):
                found[f"container/{entry['Names'][0].lstrip('/')}"] = mark
        for entry in api.networks():
            if entry["Name"] not in BUILT_IN_NETWORKS and not _is_anothers(entry):
                about = digest.of([entry["IPAM"], entry["Options"], entry["Internal"]])
                mark = f"{entry['Id'][:12]} {entry['Driver']} {about}"
                if _lacks_its_bridge(entry):
                    mark += " without its bridge"
                found[f"docker-network/{entry['Name']}"] = mark
            elif entry["Name"] == "bridge" and _lacks_its_bridge(entry):
                found[daemon.NO_BRIDGE] = "gone"
        for entry in api.volumes()["Volumes"] or ():
            mark = f"{entry['CreatedAt']} {entry['Driver']} {digest.of(entry['Options'])}"
            found[f"docker-volume/{entry['Name']}"] = f"{mark}\n{_contents(entry['Mountpoint'])}"
        for entry in api.images():
            if _is_anothers(entry):
                continue
            names = entry["RepoTags"] or [entry["Id"].removeprefix("sha256:")[:12]]
            for name in names:
                found[f"image/{short_reference(name)}"] = entry["Id"]
        about = api.info()
    if (state := about["Swarm"]["LocalNodeState"]) != "inactive":
        found["swarm/node"] = state
    if about["LiveRestoreEnabled"]:
        found[daemon.KEY] = "on"
    return found | contexts.entries()


def _lacks_its_bridge(entry: dict[str, Any]) -> bool:
    """Whether somebody removed the interface of a network: the engine does not notice."""
    if entry["Driver"] != "bridge":
        return False
    given = (entry["Options"] or {}).get("com.docker.network.bridge.name")
    return not Path("/sys/class/net", given or f"br-{entry['Id'][:12]}").exists()


def _is_anothers(entry: dict[str, Any]) -> bool:
    """Whether another family made it with this engine: a cluster's node is in its own inventory."""
    key = str((entry.get("Labels") or {}).get(RESOURCE_LABEL, ""))
    return bool(key) and key.partition("/")[0] not in FAMILY.removal


def _container(api: Api, container: str) -> str:
    try:
        about = api.inspect_container(container)
    except docker.errors.NotFound:
        return ""
    state, host = about["State"], about["HostConfig"]
    networks = {
        name: [endpoint["IPAddress"], endpoint["Aliases"]]
        for name, endpoint in (about["NetworkSettings"]["Networks"] or {}).items()
    }
    outside = (
        container[:12],
        state["Status"],
        about["Image"].removeprefix("sha256:")[:12],
        ",".join(sorted(networks)) or str(host["NetworkMode"]),
        digest.of([networks, [host.get(name) for name in _LIMITS]]),
    )
    own_layer = (about["GraphDriver"]["Data"] or {}).get("UpperDir", "")
    inside = [state["StartedAt"], _contents(own_layer)]
    if state["Pid"]:
        # The engine knows only the limits that it was asked for itself.
        limits = read_cgroup(CgroupProbe(pid=state["Pid"]))
        inside.append(digest.of([getattr(limits, name) for name in _WRITTEN_LIMITS]))
        # What lies in memory is in no layer; it is seen through the container's own root.
        memory = [m["Destination"] for m in about["Mounts"] if m["Type"] == "tmpfs"]
        memory += host.get("Tmpfs") or {}
        inside += [_contents(f"/proc/{state['Pid']}/root{path}") for path in sorted(memory)]
    return f"{' '.join(outside)}\n{' '.join(inside)}"


def _walk(folder: str) -> Iterator[list[Any]]:
    for where, folders, files in os.walk(folder):
        # os.walk goes on in this order; a digest needs the same one each time.
        folders.sort()
        for name in sorted(files) + folders:
            try:
                about = (Path(where) / name).lstat()
            except FileNotFoundError:
                continue
            yield [name, about.st_mode, about.st_size, about.st_mtime_ns, about.st_uid]


def _contents(folder: str) -> str:
    if not folder or not Path(folder).is_dir():
        return ""
    entries = []
    for entry in _walk(folder):
        entries.append(entry)
        if len(entries) >= _MAX_FILES:
            break
    return digest.of(entries)


def remove(key: str) -> None:
    """Take one entry of the inventory away by force, with the containers that hold on to it.

    What is gone already is no error. Raises ProviderError when the engine refuses, DaemonDown when
    it does not answer.
    """
    kind, _, name = key.partition("/")
    if kind == "docker-context":
        contexts.remove(name)
        return
    if key == daemon.KEY:
        daemon.forget_live_restore()
        return
    if key == daemon.NO_BRIDGE:
        # It makes its own one at its start, and then alone.
        daemon.begin_anew()
        return
    with asking(f"remove {key}", key, seconds=WORK_SECONDS) as api:
        try:
            if kind == "container":
                remove_container(api, named.container(api, name)["Id"])
            elif kind == "docker-network":
                # The engine keeps a network that still has endpoints.
                network = named.network(api, name)
                for container in network.get("Containers") or {}:
                    api.disconnect_container_from_network(container, network["Id"], force=True)
                api.remove_network(network["Id"])
            elif kind == "docker-volume":
                _remove_users(api, "volume", name)
                api.remove_volume(name, force=True)
            elif kind == "swarm":
                # Its services, their containers and its own networks go with it.
                if api.info()["Swarm"]["LocalNodeState"] != "inactive":
                    api.leave_swarm(force=True)
            elif kind == "image":
                # Force does not help against a container that runs from the image.
                named.image(api, name)
                _remove_users(api, "ancestor", name)
                api.remove_image(name, force=True)
            else:
                raise ProviderError(f"the Docker engine has nothing of kind {kind!r}", resource=key)
        except docker.errors.NotFound:
            return


def _remove_users(api: Api, what: str, name: str) -> None:
    for entry in api.containers(all=True, filters={what: name}):
        remove_container(api, entry["Id"])
