"""What nodes are, and what their engines hold: told, taken away, and brought back."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, Final

import docker.errors
import msgspec

from lab_engine.common import digest
from lab_engine.common.patience import patient
from lab_engine.families.docker.agent.engine import WORK_SECONDS, Api, asking, remove_container
from lab_engine.families.nodes.agent import at, files, filters, fleeting
from lab_engine.families.nodes.agent.asked import TASK_LABEL
from lab_engine.families.nodes.agent.node import leave, take_disk

SWARMS_OWN: Final = "docker_gwbridge"
"""The network that an engine makes once it is in a Swarm, a little later, and keeps for ever."""
BUILT_IN: Final = ("bridge", "host", "none", SWARMS_OWN)
SETTLE_SECONDS: Final = 30.0


class Held(msgspec.Struct, frozen=True):
    """What an engine has, each thing by its id; `swarm` is empty outside one.

    `members` are those that a manager has, with what was said of each: role, availability, labels.
    `network` is what was done to the node's network from within. `settings` is a hash of what the
    engine reads when it is started. `files` is what was written on its disk beside all that.
    """

    swarm: tuple[str, ...] = ()
    members: dict[str, dict[str, Any]] = {}
    containers: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    network: tuple[str, ...] = ()
    settings: str = ""
    files: tuple[str, ...] = ()


def entries() -> dict[str, str]:
    """Every node. Raises DaemonDown when the bench's engine does not answer."""
    found = {}
    for one in at.containers():
        held = "silent"
        if one["State"] == "running":
            with suppress(at.Silent, docker.errors.APIError), at.engine(at.name_of(one)) as api:
                held = msgspec.json.encode(_held(api, at.name_of(one))).decode()
        found[f"node/{at.name_of(one)}"] = f"{_which(one)} {one['State']}\n{held}"
    return found


def _which(one: dict[str, Any]) -> str:
    """Which container it is, and on which networks."""
    return f"{one['Id'][:12]} {','.join(sorted(one['NetworkSettings']['Networks']))}"


def _held(api: Api, name: str) -> Held:
    about = api.info()["Swarm"]
    return Held(
        swarm=_swarm(api, about),
        members=_members(api) if about["ControlAvailable"] else {},
        containers=tuple(
            sorted(
                f"{one['Id'][:12]} {one['State']}"
                for one in api.containers(all=True)
                if TASK_LABEL not in (one.get("Labels") or {})
            )
        ),
        networks=tuple(
            sorted(
                one["Id"][:12]
                for one in api.networks()
                # A worker has a Swarm's networks only while a task of its own is on them.
                if one["Name"] not in BUILT_IN and one["Scope"] == "local"
            )
        ),
        volumes=tuple(sorted(one["Name"] for one in api.volumes()["Volumes"] or ())),
        images=tuple(
            sorted(
                f"{one['Id'][7:19]} {','.join(sorted(one['RepoTags'] or ()))}"
                for one in api.images()
            )
        ),
        network=filters.entries(at.pid(name)),
        settings=at.settings(name),
        files=files.entries(name),
    )


def _swarm(api: Api, about: dict[str, Any]) -> tuple[str, ...]:
    if about["LocalNodeState"] == "inactive":
        return ()
    found = [about["NodeID"]]
    if about["ControlAvailable"]:
        found += [f"{one['ID']} {digest.of(one['Spec'])}" for one in _listed(api.services)]
        networks = api.networks(filters={"scope": "swarm"})
        found += [one["Id"][:12] for one in networks if not one.get("Ingress")]
        found += [one["ID"] for one in (*_listed(api.secrets), *_listed(api.configs))]
    return tuple(sorted(found))


def _members(api: Api) -> dict[str, dict[str, Any]]:
    return {one["ID"]: one["Spec"] for one in sorted(_listed(api.nodes), key=lambda one: one["ID"])}


def _listed(ask: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask()
    return found


def remove(key: str) -> None:
    """Take a node away by force, with its disk. Absent is no error."""
    name = key.partition("/")[2]
    for one in at.containers():
        if at.name_of(one) == name:
            leave(name)
            what = f"remove the node {name}"
            with asking(what, key, seconds=WORK_SECONDS) as api, suppress(docker.errors.NotFound):
                remove_container(api, one["Id"])
    take_disk(name)


def mend(key: str, before: str) -> bool:
    """Start a node again, and take away what its engine has got since; False when that cannot be.

    A node is made anew when something of its own is gone, when its engine was given other settings,
    or when it was in a Swarm and is in another one or in none.
    """
    name = key.partition("/")[2]
    was, _, held = before.partition("\n")
    there = {at.name_of(one): _which(one) for one in at.containers()}
    if held == "silent" or was != f"{there.get(name)} running":
        return False
    wanted = msgspec.json.decode(held, type=Held)
    # The others too: as long as most managers are off, none of the rest can become a worker.
    fleeting.start(list(there))
    # One that was told where to listen may never answer here, so it is not waited for.
    if at.settings(name) != wanted.settings:
        return False
    # First: what holds packets back would keep its Swarm from coming together again.
    with suppress(at.Silent):
        filters.clear(at.pid(name), wanted.network)
    end = time.monotonic() + patient(SETTLE_SECONDS)
    while not at.answers(name):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    try:
        with at.engine(name, seconds=WORK_SECONDS) as api:
            _clear(api, wanted)
            files.clear(name, wanted.files)
            # Who was promoted is a manager a little longer than its Swarm says.
            while (now := _held(api, name)) != wanted:
                if now.swarm == wanted.swarm or time.monotonic() > end:
                    return False
                time.sleep(0.2)
            while not _all_ready(api):
                if time.monotonic() > end:
                    return False
                time.sleep(0.2)
            return True
    except (at.Silent, docker.errors.APIError):
        return False


def _all_ready(api: Api) -> bool:
    """Whether a manager counts each machine as ready that says to be one of its own.

    One that was off is down for some seconds more, and would be given no task.
    """
    if not api.info()["Swarm"]["ControlAvailable"]:
        return True
    state = {one["ID"]: one["Status"]["State"] for one in _listed(api.nodes)}
    for other in at.containers():
        with suppress(at.Silent, docker.errors.APIError), at.engine(at.name_of(other)) as its:
            if state.get(its.info()["Swarm"]["NodeID"], "ready") != "ready":
                return False
    return True


def _clear(api: Api, wanted: Held) -> None:
    if not wanted.swarm and api.info()["Swarm"]["LocalNodeState"] != "inactive":
        api.leave_swarm(force=True)
        with suppress(docker.errors.APIError):
            api.remove_network(SWARMS_OWN)
    elif wanted.swarm and api.info()["Swarm"]["ControlAvailable"]:
        if wanted.members:
            _clear_swarm(api, wanted)
        else:
            _step_down(api)
    for one in api.containers(all=True):
        if f"{one['Id'][:12]} {one['State']}" not in wanted.containers and (
            not wanted.swarm or TASK_LABEL not in (one.get("Labels") or {})
        ):
            with suppress(docker.errors.NotFound):
                remove_container(api, one["Id"])
    for one in api.networks():
        if (
            one["Name"] not in BUILT_IN
            and one["Scope"] == "local"
            and one["Id"][:12] not in wanted.networks
        ):
            with suppress(docker.errors.NotFound):
                api.remove_network(one["Id"])
    for one in api.volumes()["Volumes"] or ():
        if one["Name"] not in wanted.volumes:
            api.remove_volume(one["Name"], force=True)
    known = dict(one.split(" ", 1) for one in wanted.images)
    for one in api.images():
        identity = one["Id"][7:19]
        names = [
            name for name in one["RepoTags"] or () if name not in known.get(identity, "").split(",")
        ]
        # With its last name an image goes; one without a name by its id.
        for name in names if identity in known else [one["Id"]]:
            with suppress(docker.errors.NotFound):
                api.remove_image(name, force=True)


def _step_down(api: Api) -> None:
    """Who was a worker, and was promoted, is one again."""
    own = api.info()["Swarm"]["NodeID"]
    _say(api, own, api.inspect_node(own)["Spec"] | {"Role": "worker"})


def _say(api: Api, member: str, spec: dict[str, Any]) -> None:
    """Let a member of the Swarm be so."""
    end = time.monotonic() + patient(SETTLE_SECONDS)
    while (now := api.inspect_node(member))["Spec"] != spec:
        try:
            api.update_node(member, now["Version"]["Index"], spec)
            # Not asked again: who has just stopped being a manager does not know.
            return
        except docker.errors.APIError:
            # A manager that has just been started does not count before the others have heard of
            # it, and until then each of the rest is needed.
            if time.monotonic() > end:
                raise
            time.sleep(0.3)


def _clear_swarm(api: Api, wanted: Held) -> None:
    """What was added to the Swarm since goes, and its members are again as they were.

    A service that was changed is not brought back here.
    """
    known = {one.partition(" ")[0] for one in wanted.swarm}
    for one in api.nodes():
        _say(api, one["ID"], wanted.members.get(one["ID"], one["Spec"]))
    for one in api.services():
        if one["ID"] not in known:
            api.remove_service(one["ID"])
    end = time.monotonic() + patient(SETTLE_SECONDS)
    # A network that goes before the last task on it leaves the manager with a member to which it
    # can give no task any more ("could not find network allocator state").
    while any(one.get("ServiceID") not in known for one in api.tasks()):
        if time.monotonic() > end:
            return
        time.sleep(0.2)
    for one in api.networks(filters={"scope": "swarm"}):
        while not one.get("Ingress") and one["Id"][:12] not in known:
            try:
                api.remove_network(one["Id"])
                break
            except docker.errors.NotFound:
                break
            except docker.errors.APIError:
                # Its service's tasks end a little later than the service.
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
    for one in api.secrets():
        if one["ID"] not in known:
            api.remove_secret(one["ID"])
    for one in api.configs():
        if one["ID"] not in known:
            api.remove_config(one["ID"])
