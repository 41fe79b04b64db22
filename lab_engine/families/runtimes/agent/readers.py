"""Answers about the containers of runc, crun and containerd (agent side)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.runtimes import probes as s
from lab_engine.families.runtimes.agent import states
from lab_engine.families.runtimes.agent.containerd import Containerd
from lab_engine.kernel import proc, processes


def read_runtime_containers(_: s.RuntimeContainersProbe) -> s.RuntimeContainersReading:
    return s.RuntimeContainersReading(tuple(states.every()))


def read_runtime_container(probe: s.RuntimeContainerProbe) -> s.RuntimeContainerReading:
    found = states.one(probe.runtime, probe.id) if probe.runtime in states.ROOTS else None
    if found is None:
        return s.RuntimeContainerReading(exists=False)
    process = processes.read(found.pid) if found.pid else None
    return s.RuntimeContainerReading(
        status=found.status,
        pid=found.pid,
        started=process.start if process else 0,
        argv=process.argv if process else (),
        exe=proc.target(f"{found.pid}/exe") if process else "",
        bundle=found.bundle,
        bundle_inode=_inode(found.bundle),
    )


def _inode(path: str) -> str:
    try:
        about = Path(path).stat()
    except (OSError, ValueError):
        return ""
    return f"{about.st_dev}:{about.st_ino}"


def read_containerd(_: s.ContainerdProbe) -> s.ContainerdReading:
    daemon = Containerd()
    process = daemon.process()
    if process is None:
        return s.ContainerdReading(exists=False)
    names = daemon.namespaces()
    return s.ContainerdReading(
        pid=process.pid,
        started=process.start,
        namespaces=tuple(names),
        containers=tuple(daemon.containers(names)),
    )


def read_containerd_container(probe: s.ContainerdContainerProbe) -> s.ContainerdContainerReading:
    daemon = Containerd()
    if daemon.process() is None or not probe.namespace:
        return s.ContainerdContainerReading(exists=False)
    its = daemon.containers([probe.namespace])
    found = next((one for one in its if one.id == probe.id), None)
    if found is None:
        return s.ContainerdContainerReading(exists=False)
    process = processes.read(found.pid) if found.pid else None
    shim = processes.read(process.parent) if process else None
    return s.ContainerdContainerReading(
        image=found.image,
        runtime=found.runtime,
        status=found.status,
        pid=found.pid,
        started=process.start if process else 0,
        argv=process.argv if process else (),
        exe=proc.target(f"{found.pid}/exe") if process else "",
        shim=shim.pid if shim else 0,
        shim_parent=shim.parent if shim else 0,
    )


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {
    s.RuntimeContainersProbe: read_runtime_containers,
    s.RuntimeContainerProbe: read_runtime_container,
    s.ContainerdProbe: read_containerd,
    s.ContainerdContainerProbe: read_containerd_container,
}
