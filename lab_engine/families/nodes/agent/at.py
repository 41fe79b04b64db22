"""The way into a node: its container in the bench's engine, and the engine in it.

A node's engine listens on a socket of its own, which is reached through the root folder of one of
its processes: no port is open for that, and whatever a learner does to the node's network or name
service does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import ceil
from pathlib import Path
from typing import Any, Final

import docker
import docker.errors
import requests

from lab_engine.common import digest
from lab_engine.common.patience import patient
from lab_engine.errors import ProviderError
from lab_engine.families.docker.agent.engine import (
    API_VERSION,
    RESOURCE_LABEL,
    SECONDS,
    Api,
    asking,
)
from lab_engine.families.nodes.agent.folder import FOLDER

_SETTINGS: Final = "/etc/docker/daemon.json"
_SETTINGS_LIMIT: Final = 64 * 1024


class Silent(Exception):
    """A node is not there, does not run, or its engine does not answer."""


def containers() -> list[dict[str, Any]]:
    """The containers that are nodes, as the bench's engine lists them, by name. Raises DaemonDown.

    A bench that never had a node is not asked: its engine may not even run.
    """
    if not FOLDER.is_dir():
        return []
    found = []
    with asking("list the nodes") as api:
        for one in api.containers(all=True, filters={"label": RESOURCE_LABEL}):
            if is_node(one):
                # The list is a little behind a container's end.
                with suppress(docker.errors.NotFound):
                    state = api.inspect_container(one["Id"])["State"]["Status"]
                    found.append(one | {"State": state})
    return sorted(found, key=name_of)


def is_node(container: dict[str, Any]) -> bool:
    """Its label has its own name: one that somebody made of a node's image has the image's."""
    return bool(container["Labels"].get(RESOURCE_LABEL) == f"node/{name_of(container)}")


def name_of(container: dict[str, Any]) -> str:
    return str(container["Names"][0].lstrip("/"))


def pid(name: str) -> int:
    """The first process of a node. Raises Silent, DaemonDown."""
    with asking(f"look at the node {name}") as outer:
        try:
            found = outer.inspect_container(name)
        except docker.errors.NotFound:
            raise Silent(f"there is no node {name}") from None
    first: int = found["State"]["Pid"]
    if not first or found["Name"].lstrip("/") != name:
        raise Silent(f"the node {name} does not run")
    return first


@contextmanager
def engine(name: str, *, seconds: float = SECONDS) -> Iterator[Api]:
    """The engine of a node, for one conversation. Raises Silent, DaemonDown for the bench's own.

    What the engine refuses is left as it is: docker.errors.APIError.
    """
    api = docker.APIClient(
        base_url=f"unix:///proc/{pid(name)}/root/run/docker.sock",
        version=API_VERSION,
        timeout=ceil(patient(seconds)),
    )
    try:
        yield api
    except (requests.ConnectionError, requests.Timeout) as error:
        raise Silent(f"the engine of the node {name} does not answer") from error
    finally:
        api.close()


@contextmanager
def working(name: str, what: str, *, seconds: float) -> Iterator[Api]:
    """The same for a provider: every trouble is a ProviderError, of the node."""
    try:
        with engine(name, seconds=seconds) as api:
            yield api
    except Silent as error:
        raise ProviderError(
            f"{error}, when asked to {what}",
            resource=f"node/{name}",
            hint=f"`docker logs {name}` and `docker exec {name} tail /var/log/dockerd.log` "
            "in the bench.",
        ) from error
    except docker.errors.APIError as error:
        raise ProviderError(
            f"its engine refused to {what}: {error.explanation or error}",
            resource=f"node/{name}",
            hint=f"`docker exec {name} tail /var/log/dockerd.log` in the bench.",
        ) from error


def settings(name: str) -> str:
    """A hash of what the engine of a node reads when it is started; empty for nothing."""
    with asking(f"look at the node {name}") as api, suppress(docker.errors.NotFound, OSError):
        pid = api.inspect_container(name)["State"]["Pid"]
        with Path(f"/proc/{pid}/root{_SETTINGS}").open("rb") as file:
            return digest.of_bytes(file.read(_SETTINGS_LIMIT))[:16]
    return ""


def answers(name: str) -> bool:
    """Whether the node's engine does. Raises DaemonDown."""
    try:
        with engine(name) as api:
            return bool(api.ping())
    except (Silent, docker.errors.APIError):
        return False
