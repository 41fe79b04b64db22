"""Named Docker volumes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import docker.errors

from lab_engine.common import digest
from lab_engine.errors import ProviderError
from lab_engine.families.docker.agent.engine import (
    SPEC_LABEL,
    WORK_SECONDS,
    asking,
    foreign,
    free,
    is_ours,
    labels,
    owned_by,
)
from lab_engine.families.docker.resources import DockerVolume
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting


def _changed_file(wanted: DockerVolume, mountpoint: str) -> str:
    for path, text in wanted.files.items():
        try:
            if (Path(mountpoint) / path).read_text() != text:
                return f"{path} has other contents"
        except FileNotFoundError:
            return f"{path} is missing"
        except (OSError, UnicodeDecodeError):
            return f"{path} cannot be read"
    return ""


class VolumeProvider(Provider[DockerVolume]):
    resource = DockerVolume
    family = "docker"
    limits: ClassVar[dict[str, float]] = {"create": 30, "destroy": 20}

    def observe(self, wanted: Sequence[DockerVolume], mark: Mark) -> dict[str, Sighting]:
        with asking("list its volumes") as api:
            found = {volume["Name"]: volume for volume in api.volumes()["Volumes"] or ()}
        return {
            resource.name: self._sighting(resource, found.get(resource.name), mark)
            for resource in wanted
        }

    def _sighting(self, wanted: DockerVolume, found: dict[str, Any] | None, mark: Mark) -> Sighting:
        if found is None:
            return ABSENT
        marks = found["Labels"] or {}
        if found["Driver"] != wanted.driver:
            drift = f"driver is {found['Driver']}, wanted {wanted.driver}"
        elif marks.get(SPEC_LABEL) != digest.of(wanted):
            drift = "was made from other wishes"
        else:
            drift = _changed_file(wanted, found["Mountpoint"])
        return Sighting(
            present=True,
            ours=is_ours(marks, wanted.key, mark),
            drift=drift,
            facts={"driver": found["Driver"], "mountpoint": found["Mountpoint"]},
        )

    def create(self, wanted: DockerVolume, mark: Mark, say: Say) -> None:
        self.destroy(wanted.name, mark)
        ask = f"make the volume {wanted.name}"
        with asking(ask, wanted.key, seconds=WORK_SECONDS) as api:
            # The engine answers a create of an existing name with the volume that is there.
            made = api.create_volume(
                wanted.name,
                driver=wanted.driver,
                driver_opts=wanted.options or None,
                labels=labels(wanted, mark),
            )
        if not is_ours(made["Labels"], wanted.key, mark):
            raise foreign("a volume", wanted.key)
        try:
            for path, text in wanted.files.items():
                # In the engine's own folder: the agent is root in the bench, and needs no container
                # for it.
                target = Path(made["Mountpoint"]) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
                target.chmod(0o644)
        except OSError as error:
            raise ProviderError(
                f"could not write {error.filename}: {error.strerror}",
                resource=wanted.key,
                hint="`df -h /var/lib/docker` shows whether the bench's disk is full.",
            ) from error

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"docker-volume/{name}"
        with asking(f"remove the volume {name}", key, seconds=WORK_SECONDS) as api:
            try:
                found = api.inspect_volume(name)
                if not is_ours(found["Labels"], key, mark):
                    return
                users = api.containers(all=True, filters={"volume": name})
                free(api, users, key, mark)
                api.remove_volume(name)
            except docker.errors.NotFound:
                return

    def owned(self) -> Iterable[Owned]:
        with asking("list its volumes") as api:
            found = api.volumes(filters={"label": "infralab.session"})["Volumes"] or ()
        return [owned for v in found if (owned := owned_by(v["Labels"], "docker-volume"))]
