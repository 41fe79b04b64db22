"""Nodes: made by the bench's engine, filled through their own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final

import docker.errors

from lab_engine.common import digest, quantities
from lab_engine.common.patience import patient
from lab_engine.common.resource import Stage
from lab_engine.errors import ProviderError
from lab_engine.families.docker.agent import named
from lab_engine.families.docker.agent.engine import (
    CONFLICT,
    SPEC_LABEL,
    WORK_SECONDS,
    Api,
    asking,
    foreign,
    is_ours,
    labels,
    owned_by,
    remove_container,
)
from lab_engine.families.docker.agent.image import archive_of
from lab_engine.families.docker.resources import Image
from lab_engine.families.nodes.agent import at, skeleton
from lab_engine.families.nodes.agent.folder import FOLDER
from lab_engine.families.nodes.resources import Node
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting

START_SECONDS: Final = 40.0
"""How long the engine of a node may take until it answers."""
FORGET_SECONDS: Final = 10.0
"""How long the managers of a Swarm may take until one of them is forgotten."""
_BUSY_SECONDS: Final = 10.0
"""Its mounts go with its last process, which the kernel takes apart a little later."""
_IN_MEMORY: Final = ("/run", "/tmp")  # noqa: S108 - the node's own


class NodeProvider(Provider[Node]):
    resource = Node
    family = "nodes"
    limits: ClassVar[dict[str, float]] = {"observe": 20, "create": 120, "destroy": 60, "ready": 60}

    def observe(self, wanted: Sequence[Node], mark: Mark) -> dict[str, Sighting]:
        with asking("look at the nodes") as api:
            return {one.name: _sighting(one, _inspected(api, one.name), mark) for one in wanted}

    def create(self, wanted: Node, mark: Mark, say: Say) -> None:
        self.destroy(wanted.name, mark)
        skeleton.ensure()
        with asking(f"make the node {wanted.name}", wanted.key, seconds=WORK_SECONDS) as api:
            try:
                made = api.create_container_from_config(_config(wanted, mark), wanted.name)
            except docker.errors.APIError as error:
                if error.status_code == CONFLICT:
                    raise foreign("a container", wanted.key) from error
                raise
            api.start(made["Id"])
        _wait(wanted)
        for image in wanted.images:
            say(f"loading {image}")
            _load(wanted, image)
        if wanted.joins:
            join(wanted, say)

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"node/{name}"
        with asking(f"remove the node {name}", key, seconds=WORK_SECONDS) as api:
            try:
                found = named.container(api, name)
                if not is_ours(found["Config"]["Labels"], key, mark):
                    return
                leave(name)
                remove_container(api, found["Id"])
            except docker.errors.NotFound:
                pass
        take_disk(name)

    def owned(self) -> Iterable[Owned]:
        found = (owned_by(one["Labels"], "node") for one in at.containers())
        return [owned for owned in found if owned]

    def reached(self, wanted: Node, stage: Stage) -> bool:
        return stage == "created" or at.answers(wanted.name)


def leave(name: str) -> None:
    """Have the managers forget a machine, which would be down in their list for ever.

    As far as it goes: a Swarm without a quorum forgets nothing, and goes with its nodes.
    """
    for other in at.containers():
        if at.name_of(other) != name and other["State"] == "running":
            with suppress(at.Silent, docker.errors.APIError), at.engine(at.name_of(other)) as api:
                if api.info()["Swarm"]["ControlAvailable"]:
                    _forget(api, name)


def _forget(api: Api, name: str) -> None:
    """Strike a machine off the list, after it has stopped being a manager if it is one.

    Raises docker.errors.APIError when the others do not come to that.
    """
    end = time.monotonic() + patient(FORGET_SECONDS)
    while True:
        try:
            for one in api.nodes():
                if one["Description"].get("Hostname") == name:
                    if one["Spec"]["Role"] == "manager":
                        spec = one["Spec"] | {"Role": "worker"}
                        api.update_node(one["ID"], one["Version"]["Index"], spec)
                    api.remove_node(one["ID"], force=True)
            return
        except docker.errors.APIError:
            # Managers that have just become more, or fewer, have no leader for a while. And who
            # has become a worker by its role leaves the managers' own cluster a little later.
            if time.monotonic() > end:
                raise
            time.sleep(0.3)


def take_disk(name: str) -> None:
    """Remove what a node has written; with the last one's, what all have. Raises ProviderError."""
    disk = FOLDER / name
    end = time.monotonic() + patient(_BUSY_SECONDS)
    while disk.exists():
        try:
            shutil.rmtree(disk)
        except FileNotFoundError:
            continue
        except OSError as error:
            if time.monotonic() > end:
                raise ProviderError(
                    f"its disk {disk} cannot be removed: {error.strerror}", resource=f"node/{name}"
                ) from error
            time.sleep(0.1)
    if FOLDER.is_dir() and not any(FOLDER.iterdir()):
        skeleton.remove()
        try:
            FOLDER.rmdir()
        # Another node has been begun since.
        except OSError:
            return


def _inspected(api: Api, name: str) -> dict[str, Any] | None:
    # Not from a list: that of the engine is a little behind a container's end.
    try:
        return named.container(api, name)
    except docker.errors.NotFound:
        return None


def _sighting(wanted: Node, found: dict[str, Any] | None, mark: Mark) -> Sighting:
    if found is None:
        return ABSENT
    its, state = found["Config"]["Labels"] or {}, found["State"]["Status"]
    drift = ""
    if its.get(SPEC_LABEL) != digest.of(wanted):
        drift = "was made from other wishes"
    elif state != "running":
        drift = f"does not run ({state})"
    elif wanted.network not in found["NetworkSettings"]["Networks"]:
        drift = f"is not on {wanted.network}"
    elif wanted.joins and not _joined(wanted):
        # Such as one whose manager was made anew: the new Swarm does not know it.
        drift = f"is not in the swarm of {wanted.joins}"
    return Sighting(
        present=True,
        ours=is_ours(its, wanted.key, mark),
        drift=drift,
        facts={"id": found["Id"], "state": state, "address": wanted.address},
    )


def _joined(wanted: Node) -> bool:
    """Whether its manager has it in its list, by its id."""
    try:
        with at.engine(wanted.name) as api:
            own = api.info()["Swarm"]["NodeID"]
        with at.engine(wanted.joins) as manager:
            return bool(own) and own in {one["ID"] for one in manager.nodes()}
    except (at.Silent, docker.errors.APIError):
        return False


def _config(wanted: Node, mark: Mark) -> dict[str, Any]:
    """The body of the call that makes its container (Engine API, ContainerCreate)."""
    memory = quantities.size(wanted.memory) if wanted.memory else 0
    return {
        "Image": skeleton.IMAGE,
        "Hostname": wanted.name,
        "Labels": labels(wanted, mark),
        "StopTimeout": 5,
        "HostConfig": {
            # Not Privileged: a bench may not hand on all devices.
            "Init": True,
            "CapAdd": ["ALL"],
            "SecurityOpt": ["seccomp=unconfined", "apparmor=unconfined"],
            # What the option `systempaths=unconfined` of `docker run` stands for.
            "MaskedPaths": [],
            "ReadonlyPaths": [],
            "CgroupnsMode": "private",
            # As binds, so that the engine makes the disk with the container: neither without the
            # other.
            "Binds": ["/usr:/usr:ro", f"{FOLDER}/{wanted.name}:/var/lib/docker"],
            "Tmpfs": dict.fromkeys(_IN_MEMORY, "exec"),
            "NetworkMode": wanted.network,
            # Nobody waits there, so that a name of elsewhere is refused at once. A Swarm asks a
            # registry before each task that it starts, and a server that nobody reaches would keep
            # it waiting for 16 s each time.
            "Dns": ["127.0.0.1"],
            **({"Memory": memory, "MemorySwap": memory} if memory else {}),
        },
        "NetworkingConfig": {
            "EndpointsConfig": {wanted.network: {"IPAMConfig": {"IPv4Address": wanted.address}}}
        },
    }


def _wait(wanted: Node) -> None:
    end = time.monotonic() + patient(START_SECONDS)
    while not at.answers(wanted.name):
        if time.monotonic() > end:
            raise ProviderError(
                f"its engine does not answer after {START_SECONDS:g} s",
                resource=wanted.key,
                hint=f"`docker exec {wanted.name} tail /var/log/dockerd.log` says why.",
            )
        time.sleep(0.1)


def _load(wanted: Node, image: str) -> None:
    path, archive = archive_of(Image(image))
    with at.working(wanted.name, f"load the image {image}", seconds=WORK_SECONDS) as api:
        with path.open("rb") as stream:
            for line in api.load_image(stream, quiet=True):
                # The answer begins, with status 200, before the load has failed.
                if "error" in line:
                    raise ProviderError(
                        f"its engine cannot load {path}: {line['error']}",
                        resource=wanted.key,
                        hint="`df -h /var/lib/docker` shows whether the disk is full.",
                    )
        reference = Image(image).reference
        if archive.reference != reference:
            repository, _, tag = reference.rpartition(":")
            api.tag(archive.reference, repository, tag)
            api.remove_image(archive.reference)


def join(wanted: Node, say: Say = lambda _: None) -> None:
    """Let it begin its Swarm, or join that of its manager. Raises ProviderError."""
    if wanted.joins == wanted.name:
        say("beginning a swarm")
        with at.working(wanted.name, "begin a swarm", seconds=WORK_SECONDS) as api:
            api.init_swarm(advertise_addr=wanted.address)
        return
    say(f"joining the swarm of {wanted.joins}")
    with at.working(wanted.joins, "tell how one joins its swarm", seconds=WORK_SECONDS) as manager:
        token = manager.inspect_swarm()["JoinTokens"]["Worker"]
        address = manager.info()["Swarm"]["NodeAddr"]
    with at.working(wanted.name, "join the swarm", seconds=WORK_SECONDS) as api:
        api.join_swarm(
            remote_addrs=[f"{address}:2377"], join_token=token, advertise_addr=wanted.address
        )
