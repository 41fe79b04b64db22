"""Containers: two calls to make one (create, start), one to remove it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import docker.errors

from lab_engine.common.resource import Stage
from lab_engine.errors import ProviderError
from lab_engine.families.docker.agent import named
from lab_engine.families.docker.agent.engine import (
    CONFLICT,
    SESSION_LABEL,
    WORK_SECONDS,
    Api,
    asking,
    foreign,
    is_ours,
    owned_by,
    remove_container,
)
from lab_engine.families.docker.agent.wishes import config_of, drift_of
from lab_engine.families.docker.resources import Container, with_tag
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting

_ENDED = ("exited", "dead")

# The engine takes the beginning of an id for the id, and the source's names for containers (bb0,
# b1, c5) are hexadecimal: `--network container:c5` without any c5 joined one of ours.
TAKEN_FOR_A_NAME = re.compile(r"b?b[0-9]|c[0-9]")


class ContainerProvider(Provider[Container]):
    resource = Container
    family = "docker"
    limits: ClassVar[dict[str, float]] = {"observe": 20, "create": 40, "destroy": 30}

    def observe(self, wanted: Sequence[Container], mark: Mark) -> dict[str, Sighting]:
        with asking("list its containers and images") as api:
            there = {
                # The engine writes a slash before each name.
                name.lstrip("/"): entry["Id"]
                for entry in api.containers(all=True)
                for name in entry["Names"]
            }
            if not any(resource.name in there for resource in wanted):
                return {resource.name: ABSENT for resource in wanted}
            images = {
                reference: entry["Id"]
                for entry in api.images()
                for reference in entry["RepoTags"] or ()
            }
            return {
                resource.name: self._sighting(api, resource, there, images, mark)
                for resource in wanted
            }

    def _sighting(
        self,
        api: Api,
        wanted: Container,
        there: dict[str, str],
        images: dict[str, str],
        mark: Mark,
    ) -> Sighting:
        if wanted.name not in there:
            return ABSENT
        try:
            found: dict[str, Any] = api.inspect_container(there[wanted.name])
        except docker.errors.NotFound:
            return ABSENT
        shared = there.get(wanted.shares_with, "")
        addresses = [
            endpoint["IPAddress"]
            for endpoint in found["NetworkSettings"]["Networks"].values()
            if endpoint["IPAddress"]
        ]
        return Sighting(
            present=True,
            ours=is_ours(found["Config"]["Labels"], wanted.key, mark),
            drift=drift_of(wanted, found, images.get(with_tag(wanted.image), ""), shared),
            facts={
                "id": found["Id"],
                "image": wanted.image,
                "state": found["State"]["Status"],
                "address": ", ".join(addresses),
            },
        )

    def create(self, wanted: Container, mark: Mark, say: Say) -> None:
        config = config_of(wanted, mark)
        with asking(f"make the container {wanted.name}", wanted.key, seconds=WORK_SECONDS) as api:
            try:
                made = api.create_container_from_config(config, wanted.name)
            except docker.errors.APIError as error:
                if error.status_code != CONFLICT:
                    raise
                # Looked at only when the name is taken: nearly always it is free, and a call is
                # spared.
                self.destroy(wanted.name, mark)
                made = self._create_again(api, config, wanted)
            while TAKEN_FOR_A_NAME.match(made["Id"]):
                remove_container(api, made["Id"])
                made = self._create_again(api, config, wanted)
            if wanted.state == "created":
                return
            try:
                api.start(made["Id"])
            except docker.errors.APIError as error:
                # Made but never started, it would keep its name. `v`: nobody else would ever remove
                # the volumes without a name.
                remove_container(api, made["Id"])
                raise ProviderError(
                    f"the engine could not start it: {error.explanation}",
                    resource=wanted.key,
                    hint="Look at its command, ports and mounts in the lesson's lab.",
                ) from error

    def _create_again(self, api: Api, config: dict[str, Any], wanted: Container) -> dict[str, Any]:
        try:
            made: dict[str, Any] = api.create_container_from_config(config, wanted.name)
        except docker.errors.APIError as error:
            if error.status_code == CONFLICT:
                raise foreign("a container", wanted.key) from error
            raise
        return made

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"container/{name}"
        with asking(f"remove the container {name}", key, seconds=WORK_SECONDS) as api:
            try:
                found = named.container(api, name)
                if is_ours(found["Config"]["Labels"], key, mark):
                    remove_container(api, found["Id"])
            except docker.errors.NotFound:
                return

    def owned(self) -> Iterable[Owned]:
        with asking("list its containers") as api:
            found = api.containers(all=True, filters={"label": SESSION_LABEL})
        return [owned for c in found if (owned := owned_by(c["Labels"], "container"))]

    def reached(self, wanted: Container, stage: Stage) -> bool:
        """Raises ProviderError, with the last lines it wrote, when it has ended before its time."""
        if stage == "created" or wanted.state == "created":
            return True
        with asking(f"look at the container {wanted.name}", wanted.key) as api:
            try:
                found = named.container(api, wanted.name)
            except docker.errors.NotFound:
                return False
            state = found["State"]
            if wanted.state == "exited":
                return bool(state["Status"] == "exited")
            if state["Status"] in _ENDED:
                said = api.logs(found["Id"], tail=5).decode(errors="replace").strip()
                raise ProviderError(
                    f"it ended with exit code {state['ExitCode']} right after its start"
                    + (f"; its last words: {said}" if said else ""),
                    resource=wanted.key,
                    hint="A container lives as long as its first process.",
                )
        if stage == "answers" and wanted.health is not None:
            return bool(state.get("Health", {}).get("Status") == "healthy")
        return bool(state["Running"])
