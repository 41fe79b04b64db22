"""The end of what belongs to a session, also where it was made hard to remove.

Each way that is known: a bench or a container in it that was paused (with cgroup v1 a frozen
process does not die), a file that `chattr +i` locked, loop devices of a bench that was killed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

import requests
from docker import errors as docker_errors

from lab_engine.bench import engine, loops, tool
from lab_engine.common import patience
from lab_engine.errors import BenchError, InfralabError

SECONDS: Final = 60.0
STOP_SECONDS: Final = 2
"""To end guests and give back loop devices; then by force."""
ANSWER_SECONDS: Final = 4
"""More than that, and something in it does not end: it is looked after."""
IN_THE_WAY: Final = (HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN)
"""The engine's answers for what is in use or being removed; the second one is for networks."""

# Only cgroup v1 has this file system. With v2 a frozen process dies of a fatal signal (the kernel's
# admin-guide/cgroup-v2, cgroup.freeze), so there is nothing to do.
THAW: Final = """
mount -t cgroup -o freezer none /mnt || exit 0
find /mnt -path "*$1*" -name freezer.state | while read -r file; do echo THAWED > "$file"; done
umount /mnt
"""
# Many file systems and kinds of files have no such attributes: that is no failure.
UNLOCK: Final = "chattr -R -f -i -a /locked; true"

_Failed = (docker_errors.APIError, requests.RequestException)


def session(client: Any, name: str) -> None:
    """Remove containers, volumes and networks of a session, found by its label.

    Others may be removing the same: the engine says then that it is in use or in progress, so this
    looks again until nothing is left. Raises BenchError when something still is after SECONDS.
    """
    own = {"label": [f"infralab.session={name}"]}
    end = time.monotonic() + patience.patient(SECONDS)
    while left := _once(client, own):
        if time.monotonic() > end:
            raise BenchError(
                f"these of the session {name} could not be removed: {', '.join(left)}",
                hint="Something holds them. `infralab gc` tries again later.",
            )
        time.sleep(0.05)


def _once(client: Any, own: dict[str, list[str]]) -> list[str]:
    """Try to remove everything; what is still in the way of that, in Docker's words."""
    left = []
    # Containers first: the engine removes no volume or network that one of them uses.
    for item in client.api.containers(all=True, filters=own):
        left += _try(container, client, item["Id"])
    if left:
        return left
    for name in tool.abandoned(client):
        # It holds the volumes that it looked after.
        _try(client.api.remove_container, name)
    for volume_ in client.api.volumes(filters=own)["Volumes"] or []:
        left += _try(volume, client, volume_["Name"])
    for network in client.api.networks(filters=own):
        left += _try(client.api.remove_network, network["Id"])
    return left


def _try(remove: Callable[..., None], *args: Any) -> list[str]:
    try:
        remove(*args)
    except docker_errors.NotFound:
        return []
    except docker_errors.APIError as error:
        if error.status_code not in IN_THE_WAY:
            raise
        return [str(error.explanation)]
    return []


def container(client: Any, name: str) -> None:
    """Remove a container with its anonymous volumes. Raises the SDK's errors when it stays."""
    found = client.api.inspect_container(name)
    if found["State"].get("Paused"):
        with suppress(*_Failed):
            client.api.unpause(found["Id"])
    with suppress(*_Failed, InfralabError):
        quick = engine.connect(timeout=STOP_SECONDS + ANSWER_SECONDS)
        quick.api.stop(found["Id"], timeout=STOP_SECONDS)
    state = _state(client, found["Id"])
    if state.get("Running"):
        with suppress(InfralabError):
            _thaw(client, found["Id"])
    code = state.get("ExitCode") or int(bool(state.get("Running")))
    try:
        client.api.remove_container(found["Id"], force=True, v=True)
    except docker_errors.NotFound:
        raise
    except _Failed as error:
        if getattr(error, "status_code", 0) in IN_THE_WAY:
            raise
        with suppress(InfralabError):
            _unlock_layer(client, found)
        client.api.remove_container(found["Id"], force=True, v=True)
    labels = found["Config"]["Labels"] or {}
    if code != 0 and loops.LABEL in labels:
        # It had no time to give them back itself; its state volume knows them.
        with suppress(InfralabError):
            loops.detach(client, labels["infralab.session"])


def volume(client: Any, name: str) -> None:
    """Remove a volume. Raises the SDK's errors when it stays."""
    try:
        client.api.remove_volume(name, force=True)
    except docker_errors.APIError as error:
        if error.status_code in IN_THE_WAY or error.status_code == HTTPStatus.NOT_FOUND:
            raise
        with suppress(InfralabError):
            _unlock(client, name)
        client.api.remove_volume(name, force=True)


def _state(client: Any, identity: str) -> dict[str, Any]:
    try:
        return dict(client.api.inspect_container(identity)["State"])
    except docker_errors.NotFound:
        return {}


def _thaw(client: Any, identity: str) -> None:
    # With cgroup v1 a frozen process keeps its SIGKILL for later, so the container never ends.
    tool.run(
        client,
        "waking what is paused in a bench",
        ("sh", "-c", THAW, "sh", identity),
        capabilities=("SYS_ADMIN", "DAC_OVERRIDE"),
        host_cgroups=True,
    )


def _unlock_layer(client: Any, found: dict[str, Any]) -> None:
    data = (found.get("GraphDriver") or {}).get("Data") or {}
    if upper := data.get("UpperDir"):
        _unlock(client, upper)


def _unlock(client: Any, what: str) -> None:
    """Take `chattr +i` and `+a` from everything in a volume or in a folder of the engine's."""
    tool.run(
        client,
        "unlocking files",
        ("sh", "-c", UNLOCK),
        binds=[f"{what}:/locked"],
        capabilities=("LINUX_IMMUTABLE", "DAC_OVERRIDE", "FOWNER"),
    )
