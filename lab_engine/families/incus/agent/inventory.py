"""All that Incus has, with a fingerprint each, and the way to remove it by force.

Keys: `incus-instance/NAME` (`PROJECT_NAME` in a project), `incus-project/NAME`,
`incus-image/ALIAS` (or a fingerprint), `incus-profile/PROJECT/NAME`, `incus-network/NAME`,
`incus-volume/POOL/PROJECT/NAME`, `incus-certificate/FINGERPRINT`, `incus-setting/KEY`. What every
Incus begins with is among them only when it was changed; it is then not removed, but put back.

The first line of an instance's fingerprint is what was asked for: status, settings, devices. The
second is its life: when it was made and started, and its snapshots.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from lab_engine.common import digest
from lab_engine.errors import ProviderError
from lab_engine.families.incus.agent import builtin, client, instance, project
from lab_engine.families.incus.agent.api import WORK_SECONDS, Api, RefusedError, asking, path
from lab_engine.families.incus.resources import DEFAULT, local_name, parted

_OWN_SETTINGS: Final = ("volatile.",)


def entries() -> dict[str, str]:
    """Everything. Raises DaemonDown when Incus does not answer."""
    with asking("list what it has") as api:
        projects = api.get(path("projects", recursion="1"))
        found = {
            f"incus-project/{one['name']}": digest.of([one["config"], one["description"]])
            for one in projects
            if one["name"] != DEFAULT
        }
        found |= _instances(api) | _images(api) | _networks(api)
        found |= {
            f"incus-certificate/{one['fingerprint']}": digest.of(
                [one["name"], one["type"], one["restricted"], one["projects"]]
            )
            for one in api.get(path("certificates", recursion="1"))
        }
        found |= {
            f"incus-setting/{key}": str(value)
            for key, value in (api.get("/1.0")["config"] or {}).items()
            if not key.startswith(_OWN_SETTINGS)
        }
        for one in projects:
            if one["name"] == DEFAULT or one["config"].get("features.profiles") == "true":
                found |= _profiles(api, one["name"])
            if one["name"] == DEFAULT or one["config"].get("features.storage.volumes") == "true":
                found |= _volumes(api, one["name"])
        return found


def _instances(api: Api) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in api.get(path("instances", recursion="1", all_projects="true")):
        config = {k: v for k, v in one["config"].items() if not k.startswith(_OWN_SETTINGS)}
        asked = digest.of([one["status"], config, one["devices"], one["profiles"]])
        where = path("instances", one["name"], "snapshots", project=one["project"])
        snapshots = [url.rpartition("/")[2].partition("?")[0] for url in api.find(where) or ()]
        life = f"{one['created_at']} {one['last_used_at']} {' '.join(snapshots)}"
        found[f"incus-instance/{local_name(one['project'], one['name'])}"] = f"{asked}\n{life}"
    return found


def _images(api: Api) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in api.get(path("images", recursion="1", all_projects="true")):
        mark = f"{one['fingerprint']} {digest.of([one['properties'], one['public']])}"
        names = [alias["name"] for alias in one["aliases"] or ()] or [one["fingerprint"][:12]]
        found |= {f"incus-image/{name}": mark for name in names}
    return found


def _networks(api: Api) -> dict[str, str]:
    """Those that Incus made; it also tells of the interfaces of the bench."""
    found: dict[str, str] = {}
    for one in api.get(path("networks", recursion="1")):
        own = {k: v for k, v in one["config"].items() if not k.startswith(_OWN_SETTINGS)}
        begun = builtin.network()
        if one["managed"] and not (one["name"] == begun["name"] and own == begun["config"]):
            found[f"incus-network/{one['name']}"] = digest.of([one["type"], own])
    return found


def _profiles(api: Api, where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in api.get(path("profiles", recursion="1", project=where)):
        begun = builtin.profile() if where == DEFAULT else {"config": {}, "devices": {}}
        same = all(one[what] == begun[what] for what in ("config", "devices"))
        if not (one["name"] == DEFAULT and same):
            about = digest.of([one["config"], one["devices"]])
            found[f"incus-profile/{where}/{one['name']}"] = about
    return found


def _volumes(api: Api, where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pool in api.get(path("storage-pools", recursion="1")):
        volumes = path("storage-pools", pool["name"], "volumes", "custom", recursion="1")
        for one in api.get(f"{volumes}&project={where}"):
            about = digest.of([one["config"], one["content_type"]])
            found[f"incus-volume/{pool['name']}/{where}/{one['name']}"] = about
    return found


def remove(key: str) -> None:
    """Remove one thing by force, whoever made it. Absent is not an error."""
    kind, _, name = key.partition("/")
    if kind not in _REMOVALS:
        raise ProviderError(f"Incus has nothing of kind {kind!r}", resource=key)
    with asking(f"remove {key}", key, seconds=WORK_SECONDS) as api:
        _REMOVALS[kind](api, name)


def _remove_instance(api: Api, name: str) -> None:
    where, own = parted(name)
    instance.remove(api, where, own)


def _remove_project(api: Api, name: str) -> None:
    if api.find(path("projects", name)) is not None:
        project.remove(api, name)
    client.leave(name)


def _remove_image(api: Api, name: str) -> None:
    alias = api.find(path("images", "aliases", name))
    api.remove(path("images", alias["target"] if alias else name))


def _remove_network(api: Api, name: str) -> None:
    if name == builtin.network()["name"]:
        api.call("PUT", path("networks", name), {"config": builtin.network()["config"]})
        return
    api.remove(path("networks", name))


def _remove_profile(api: Api, name: str) -> None:
    where, _, own = name.partition("/")
    if own == DEFAULT:
        begun: dict[str, Any] = builtin.profile() if where == DEFAULT else {}
        body = {what: begun.get(what, {}) for what in ("config", "devices")}
        # Gone with its project, it cannot be put back.
        with suppress(RefusedError):
            api.call("PUT", path("profiles", own, project=where), body)
        return
    api.remove(path("profiles", own, project=where))


def _remove_volume(api: Api, name: str) -> None:
    pool, where, own = name.split("/", 2)
    api.remove(path("storage-pools", pool, "volumes", "custom", own, project=where))


def _remove_certificate(api: Api, name: str) -> None:
    api.remove(path("certificates", name))


def _remove_setting(api: Api, name: str) -> None:
    api.call("PATCH", "/1.0", {"config": {name: ""}})


_REMOVALS: Final = {
    "incus-instance": _remove_instance,
    "incus-project": _remove_project,
    "incus-image": _remove_image,
    "incus-network": _remove_network,
    "incus-profile": _remove_profile,
    "incus-volume": _remove_volume,
    "incus-certificate": _remove_certificate,
    "incus-setting": _remove_setting,
}
