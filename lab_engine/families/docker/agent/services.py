"""Answers questions about Swarm's services through the Engine API (agent side)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import docker.errors
import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.docker.agent.engine import asking
from lab_engine.families.docker.probes.services import (
    DockerServiceProbe,
    DockerServiceReading,
    ServiceTask,
)

_NO_MANAGER: Final = 503
"""The status of what only a Swarm's manager answers (Engine API, Service)."""


def service(probe: DockerServiceProbe) -> DockerServiceReading:
    with asking(f"describe the service {probe.service}") as api:
        try:
            # The filter goes by the beginning of a name.
            found = [
                one
                for one in api.services(filters={"name": probe.service})
                if one["Spec"]["Name"] == probe.service
            ]
            if not found:
                return DockerServiceReading(exists=False)
            about = found[0]
            tasks = api.tasks(filters={"service": about["ID"]})
        except docker.errors.APIError as error:
            if error.status_code != _NO_MANAGER:
                raise
            return DockerServiceReading(exists=False)
    spec = about["Spec"]
    mode = next(iter(spec["Mode"]))
    return DockerServiceReading(
        id=about["ID"],
        image=spec["TaskTemplate"]["ContainerSpec"]["Image"],
        mode=mode.lower(),
        replicas=(spec["Mode"][mode] or {}).get("Replicas", 0),
        endpoint=spec.get("EndpointSpec", {}).get("Mode", "vip"),
        tasks=_tasks(one for one in tasks if one["DesiredState"] == "running"),
        past=_tasks(one for one in tasks if one["DesiredState"] != "running"),
    )


def _tasks(found: Iterable[Mapping[str, Any]]) -> tuple[ServiceTask, ...]:
    seen = (
        ServiceTask(
            state=one["Status"]["State"],
            container=one["Status"].get("ContainerStatus", {}).get("ContainerID", ""),
        )
        for one in found
    )
    return tuple(sorted(seen, key=lambda one: one.container))


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {DockerServiceProbe: service}
