"""User-defined Docker networks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import docker.errors

from lab_engine.common import digest
from lab_engine.errors import ProviderError
from lab_engine.families.docker.agent import named
from lab_engine.families.docker.agent.engine import (
    SPEC_LABEL,
    WORK_SECONDS,
    asking,
    foreign,
    is_ours,
    labels,
    owned_by,
)
from lab_engine.families.docker.resources import DockerNetwork
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting


def _subnets(found: dict[str, Any]) -> list[str]:
    return [entry.get("Subnet", "") for entry in found.get("IPAM", {}).get("Config") or ()]


class NetworkProvider(Provider[DockerNetwork]):
    resource = DockerNetwork
    family = "docker"
    limits: ClassVar[dict[str, float]] = {"create": 30, "destroy": 20}

    def observe(self, wanted: Sequence[DockerNetwork], mark: Mark) -> dict[str, Sighting]:
        with asking("list its networks") as api:
            found = {network["Name"]: network for network in api.networks()}
        return {
            resource.name: self._sighting(resource, found.get(resource.name), mark)
            for resource in wanted
        }

    def _sighting(
        self, wanted: DockerNetwork, found: dict[str, Any] | None, mark: Mark
    ) -> Sighting:
        if found is None:
            return ABSENT
        subnets = _subnets(found)
        drift = ""
        if found["Labels"].get(SPEC_LABEL) != digest.of(wanted):
            drift = "was made from other wishes"
            if found["Driver"] != wanted.driver:
                drift = f"driver is {found['Driver']}, wanted {wanted.driver}"
            elif wanted.subnet and wanted.subnet not in subnets:
                drift = f"subnet is {', '.join(subnets)}, wanted {wanted.subnet}"
        return Sighting(
            present=True,
            ours=is_ours(found["Labels"], wanted.key, mark),
            drift=drift,
            facts={"driver": found["Driver"], "subnet": ", ".join(subnets), "id": found["Id"]},
        )

    def create(self, wanted: DockerNetwork, mark: Mark, say: Say) -> None:
        self.destroy(wanted.name, mark)
        config: dict[str, Any] = {}
        if wanted.subnet:
            config["Subnet"] = wanted.subnet
        if wanted.gateway:
            config["Gateway"] = wanted.gateway
        with asking(f"make the network {wanted.name}", wanted.key, seconds=WORK_SECONDS) as api:
            try:
                api.create_network(
                    wanted.name,
                    driver=wanted.driver,
                    options=wanted.options or None,
                    ipam={"Driver": "default", "Config": [config]} if config else None,
                    internal=wanted.internal,
                    attachable=wanted.attachable or None,
                    labels=labels(wanted, mark),
                    check_duplicate=True,
                )
            except docker.errors.APIError as error:
                if error.status_code == 409:
                    raise foreign("a network", wanted.key) from error
                if error.status_code in (400, 403) and wanted.subnet:
                    raise ProviderError(
                        f"the engine does not give it {wanted.subnet}: {error.explanation}",
                        resource=wanted.key,
                        hint="`docker network inspect $(docker network ls -q)` shows which "
                        "network has it.",
                    ) from error
                raise

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"docker-network/{name}"
        with asking(f"remove the network {name}", key, seconds=WORK_SECONDS) as api:
            try:
                found = named.network(api, name)
            except docker.errors.NotFound:
                return
            if not is_ours(found["Labels"], key, mark):
                return
            # A learner's container goes on without this network; ours are gone by now.
            for container in found.get("Containers") or {}:
                try:
                    api.disconnect_container_from_network(container, found["Id"], force=True)
                except docker.errors.NotFound:
                    continue
            try:
                api.remove_network(found["Id"])
            except docker.errors.NotFound:
                return

    def owned(self) -> Iterable[Owned]:
        with asking("list its networks") as api:
            found = api.networks(filters={"label": "infralab.session"})
        return [owned for n in found if (owned := owned_by(n["Labels"], "docker-network"))]
