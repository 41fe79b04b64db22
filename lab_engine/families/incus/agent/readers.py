"""Answers the probes about Incus (agent side)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.incus.agent import rental
from lab_engine.families.incus.agent.api import Api, asking, path
from lab_engine.families.incus.probes import (
    IncusCertificate,
    IncusImagesProbe,
    IncusImagesReading,
    IncusInstanceProbe,
    IncusInstanceReading,
    IncusInstancesProbe,
    IncusInstancesReading,
    IncusProjectReading,
    IncusProjectsProbe,
    IncusProjectsReading,
    IncusServerProbe,
    IncusServerReading,
    IncusTrustProbe,
    IncusTrustReading,
    IncusUse,
)

_LIMITS: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""What the bench may use in all, in cgroup v2 and v1."""


def instance(probe: IncusInstanceProbe) -> IncusInstanceReading:
    with asking(f"describe the instance {probe.instance}") as api:
        found = rental.described(api, probe.project, probe.instance)
    return rental.reading(found) if found else IncusInstanceReading(exists=False)


def instances(_: IncusInstancesProbe) -> IncusInstancesReading:
    with asking("list its instances") as api:
        found = rental.everything(api)
    return IncusInstancesReading(tuple(rental.reading(one) for one in found))


def images(_: IncusImagesProbe) -> IncusImagesReading:
    with asking("list its images") as api:
        found = api.get(path("images", "aliases", recursion="1"))
    return IncusImagesReading({one["name"]: one["target"] for one in found})


def projects(_: IncusProjectsProbe) -> IncusProjectsReading:
    with asking("list its projects") as api:
        found = sorted(api.get(path("projects", recursion="1")), key=lambda one: str(one["name"]))
        return IncusProjectsReading(tuple(_project(api, one) for one in found))


def _project(api: Api, about: dict[str, Any]) -> IncusProjectReading:
    state = api.find(path("projects", about["name"], "state")) or {"resources": {}}
    return IncusProjectReading(
        name=about["name"],
        config=about["config"],
        uses={kind: _use(one) for kind, one in state["resources"].items()},
    )


def _use(one: dict[str, int]) -> IncusUse:
    # The description of the API has small letters (doc/rest-api.yaml), Incus 6.0 writes large ones.
    small = {key.lower(): value for key, value in one.items()}
    # -1 is no limit.
    return IncusUse(small["usage"], small["limit"] if small["limit"] >= 0 else None)


def server(_: IncusServerProbe) -> IncusServerReading:
    with asking("describe itself") as api:
        about = api.get("/1.0")
    environment = about["environment"]
    return IncusServerReading(
        version=environment["server_version"],
        fingerprint=environment["certificate_fingerprint"],
        config=about["config"] or {},
        memory=_memory(),
    )


def _memory() -> int:
    for file in _LIMITS:
        text = file.read_text().strip() if file.is_file() else ""
        if text.isdecimal():
            return int(text)
    return 0


def trust(_: IncusTrustProbe) -> IncusTrustReading:
    with asking("list whom it trusts") as api:
        found = api.get(path("certificates", recursion="1"))
    made = [
        IncusCertificate(
            name=one["name"],
            fingerprint=one["fingerprint"],
            type=one["type"],
            restricted=one["restricted"],
            projects=tuple(sorted(one["projects"] or ())),
        )
        for one in found
    ]
    return IncusTrustReading(tuple(sorted(made, key=lambda one: (one.name, one.fingerprint))))


READERS: Final[dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]]] = {
    IncusImagesProbe: images,
    IncusInstanceProbe: instance,
    IncusInstancesProbe: instances,
    IncusProjectsProbe: projects,
    IncusServerProbe: server,
    IncusTrustProbe: trust,
}
