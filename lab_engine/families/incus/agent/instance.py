"""Instances: containers of Incus, marked in their settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from lab_engine.common import digest
from lab_engine.common.resource import Stage
from lab_engine.errors import ProviderError
from lab_engine.families.incus.agent import rental
from lab_engine.families.incus.agent.api import (
    SPEC_KEY,
    WORK_SECONDS,
    Api,
    RefusedError,
    asking,
    foreign,
    is_ours,
    marked,
    owned,
    path,
)
from lab_engine.families.incus.resources import NETWORK, IncusInstance, local_name, parted
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting


class IncusInstanceProvider(Provider[IncusInstance]):
    resource = IncusInstance
    family = "incus"
    limits: ClassVar[dict[str, float]] = {"observe": 20, "create": 60, "destroy": 40}

    def observe(self, wanted: Sequence[IncusInstance], mark: Mark) -> dict[str, Sighting]:
        with asking("list its instances") as api:
            there = {
                local_name(one["project"], one["name"]): one
                for one in api.get(path("instances", recursion="1", all_projects="true"))
            }
            images = {
                alias["name"]: alias["target"]
                for alias in api.get(path("images", "aliases", recursion="1"))
            }
        return {one.name: _sighting(one, there.get(one.name), images, mark) for one in wanted}

    def create(self, wanted: IncusInstance, mark: Mark, say: Say) -> None:
        with asking(f"make the instance {wanted.name}", wanted.key, seconds=WORK_SECONDS) as api:
            found = api.find(path("instances", wanted.instance, project=wanted.project))
            if found is not None:
                if not is_ours(found["config"], wanted.key, mark):
                    raise foreign(
                        f"an instance called {wanted.instance!r} in {wanted.project}",
                        wanted.key,
                        f"incus delete -f {wanted.instance} --project {wanted.project}",
                    )
                remove(api, wanted.project, wanted.instance)
            body = {
                "name": wanted.instance,
                "type": "container",
                "source": {"type": "image", "alias": wanted.image},
                "config": wanted.config | marked(wanted, mark, digest.of(wanted)),
                "devices": _devices(wanted),
            }
            api.call("POST", path("instances", project=wanted.project), body)
            if wanted.state == "running":
                _start(api, wanted)

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"incus-instance/{name}"
        project, instance = parted(name)
        with asking(f"remove the instance {name}", key, seconds=WORK_SECONDS) as api:
            found = api.find(path("instances", instance, project=project))
            if found is not None and is_ours(found["config"], key, mark):
                remove(api, project, instance)

    def owned(self) -> Iterable[Owned]:
        with asking("list its instances") as api:
            found = api.get(path("instances", recursion="1", all_projects="true"))
        keys = [f"incus-instance/{local_name(one['project'], one['name'])}" for one in found]
        return [
            mine
            for one, key in zip(found, keys, strict=True)
            if (mine := owned(one["config"], key))
        ]

    def reached(self, wanted: IncusInstance, stage: Stage) -> bool:
        if stage == "created":
            return True
        with asking(f"look at the instance {wanted.name}", wanted.key) as api:
            about = rental.described(api, wanted.project, wanted.instance)
        if about is None or about["status"] != "Running":
            return False
        return stage == "running" or bool(rental.addresses(about))


def remove(api: Api, project: str, name: str) -> None:
    """Stop it, then remove it, whoever made it. Absent is no error. Raises RefusedError."""
    state = {"action": "stop", "force": True, "timeout": 10}
    # One that is stopped already refuses, and one that ends by itself is gone a moment later.
    with suppress(RefusedError):
        api.call("PUT", path("instances", name, "state", project=project), state)
    api.remove(path("instances", name, project=project))


def _start(api: Api, wanted: IncusInstance) -> None:
    where = path("instances", wanted.instance, "state", project=wanted.project)
    try:
        api.call("PUT", where, {"action": "start", "timeout": 20})
    except RefusedError as refused:
        # Made but never started, it would keep its name.
        remove(api, wanted.project, wanted.instance)
        raise ProviderError(
            f"Incus could not start it: {refused.message}",
            resource=wanted.key,
            hint="/var/log/infralab/incusd.log in the bench says more.",
        ) from refused


def _devices(wanted: IncusInstance) -> dict[str, dict[str, str]]:
    if not wanted.address:
        return {}
    card = {"type": "nic", "name": "eth0", "network": NETWORK, "ipv4.address": wanted.address}
    return {"eth0": card}


def _sighting(
    wanted: IncusInstance, found: dict[str, Any] | None, images: dict[str, str], mark: Mark
) -> Sighting:
    if found is None:
        return ABSENT
    config = found["config"]
    status = "Running" if wanted.state == "running" else "Stopped"
    address = (found["devices"] or {}).get("eth0", {}).get("ipv4.address", "")
    odd = next((key for key, value in wanted.config.items() if config.get(key) != value), "")
    extra = next(
        (key for key in config if key.startswith("limits.") and key not in wanted.config), ""
    )
    drift = ""
    if found["status"] != status:
        drift = f"is {found['status']}, wanted {status}"
    elif odd:
        drift = f"{odd} is {config.get(odd, 'unset')}, wanted {wanted.config[odd]}"
    elif extra:
        drift = f"{extra} is {config[extra]}, wanted without"
    elif address != wanted.address:
        drift = f"its address is {address or 'by DHCP'}, wanted {wanted.address or 'by DHCP'}"
    elif config.get("volatile.base_image") != images.get(wanted.image):
        drift = f"was not made of the image {wanted.image}"
    elif config.get(SPEC_KEY) != digest.of(wanted):
        drift = "was made from other wishes"
    return Sighting(
        present=True,
        ours=is_ours(config, wanted.key, mark),
        drift=drift,
        facts={"status": found["status"], "project": found["project"]},
    )
