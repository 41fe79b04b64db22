"""Projects, marked in their settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final

from lab_engine.common import digest
from lab_engine.families.incus.agent import client, instance
from lab_engine.families.incus.agent.api import (
    WORK_SECONDS,
    Api,
    asking,
    foreign,
    is_ours,
    marked,
    owned,
    path,
)
from lab_engine.families.incus.resources import DEFAULT, IncusProject
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting

SHARED: Final = {"features.images": "false", "features.profiles": "false"}
"""The provider's images and networks serve every tenant."""
_OWN: Final = {
    "storage.volumes": ("storage-pools", "default", "volumes", "custom"),
    "images": ("images",),
    "profiles": ("profiles",),
    "networks": ("networks",),
}
"""What a project may have for itself, by the word of its `features`, and where the API has it."""


class IncusProjectProvider(Provider[IncusProject]):
    resource = IncusProject
    family = "incus"
    limits: ClassVar[dict[str, float]] = {"create": 40, "destroy": 40}

    def observe(self, wanted: Sequence[IncusProject], mark: Mark) -> dict[str, Sighting]:
        with asking("list its projects") as api:
            there = {one["name"]: one for one in api.get(path("projects", recursion="1"))}
        return {one.name: _sighting(one, there.get(one.name), mark) for one in wanted}

    def create(self, wanted: IncusProject, mark: Mark, say: Say) -> None:
        with asking(f"make the project {wanted.name}", wanted.key, seconds=WORK_SECONDS) as api:
            found = api.find(path("projects", wanted.name))
            if found is not None:
                if not is_ours(found["config"], wanted.key, mark):
                    raise foreign(
                        f"a project called {wanted.name!r}",
                        wanted.key,
                        f"incus project delete {wanted.name}",
                    )
                remove(api, wanted.name)
            config = SHARED | wanted.config | marked(wanted, mark, digest.of(wanted))
            api.call("POST", path("projects"), {"name": wanted.name, "config": config})

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"incus-project/{name}"
        with asking(f"remove the project {name}", key, seconds=WORK_SECONDS) as api:
            found = api.find(path("projects", name))
            if found is not None and is_ours(found["config"], key, mark):
                remove(api, name)
                client.leave(name)

    def owned(self) -> Iterable[Owned]:
        with asking("list its projects") as api:
            found = api.get(path("projects", recursion="1"))
        return [
            mine for one in found if (mine := owned(one["config"], f"incus-project/{one['name']}"))
        ]


def remove(api: Api, name: str) -> None:
    """With all that is in it, whoever made that: Incus keeps a project that is not empty.

    One by one. The API's own `force` empties the profile `default` of the project `default`, too,
    where a project shares its profiles (seen with Incus 6.0.4).
    """
    config = api.get(path("projects", name))["config"]
    for one in api.get(path("instances", project=name)):
        instance.remove(api, name, _last(one))
    for feature, parts in _OWN.items():
        if config.get(f"features.{feature}") == "true":
            for one in api.get(path(*parts, project=name)):
                if _last(one) != DEFAULT:
                    api.remove(path(*parts, _last(one), project=name))
    api.remove(path("projects", name))


def _last(url: str) -> str:
    """The last part of what the API names a thing by, such as `/1.0/images/1f2e?project=bank`."""
    return url.partition("?")[0].rpartition("/")[2]


def _sighting(wanted: IncusProject, found: dict[str, Any] | None, mark: Mark) -> Sighting:
    if found is None:
        return ABSENT
    config = found["config"]
    want = SHARED | wanted.config
    seen = {key: value for key, value in config.items() if key in want or _is_limit(key)}
    odd = sorted(key for key in want.keys() | seen.keys() if want.get(key) != seen.get(key))
    drift = ""
    if odd:
        key = odd[0]
        drift = f"{key} is {seen.get(key, 'unset')}, wanted {want.get(key, 'unset')}"
    return Sighting(present=True, ours=is_ours(config, wanted.key, mark), drift=drift)


def _is_limit(key: str) -> bool:
    return key.startswith(("limits.", "restricted"))
