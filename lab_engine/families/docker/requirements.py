"""Statements about containers that a lab can require (client side).

Each asks once, and ends the check with evidence when it does not hold. The reasons are the same in
every lab, so that a near miss names them: see the list in each docstring.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lab_engine.common.evidence import See, require
from lab_engine.families.docker.probes import (
    DockerContainerProbe,
    DockerContainerReading,
    DockerImageProbe,
)


async def require_container(
    see: See,
    name: str,
    *,
    image: str = "",
    running: bool = True,
    networks: Collection[str] | None = None,
    mounts: Mapping[str, str] | None = None,
) -> DockerContainerReading:
    """There is a container of exactly this name, as described. One round trip.

        web = await require_container(see, "web", image="busybox", networks=["lan"])

    Reasons, in this order: `absent`, `other-image`, `not-running`, `restarting` (it runs now, but
    ended and was started again by its restart policy), `other-networks`, `not-mounted`,
    `other-mount`.

    Args:
        see: the check's way to ask.
        name: its name in full. Docker resolves the beginning of an id as well; that is no name.
        image: the image that it was made of, told by id: any name of that image will do.
        running: whether it must run, and have run since its last start.
        networks: the networks that it is on, all of them and no other; None for any.
        mounts: path in the container to the name of a volume, or to the path of a folder of the
            bench for a bind mount; `tmpfs` for memory. Others are allowed.
    """
    if image:
        found, wanted = await see(DockerContainerProbe(name), DockerImageProbe(image))
    else:
        found, wanted = await see(DockerContainerProbe(name)), None
    require(
        found.exists and found.name == name,
        "absent",
        expected=f"There is a container called {name}.",
        observed="There is none." if not found.exists else f"There is {found.name}, by its id.",
        look="docker ps -a",
    )
    require(
        wanted is None or found.image_id == wanted.id,
        "other-image",
        expected=f"{name} is made of the image {image}.",
        observed=f"It is made of {found.image}.",
        look=f"docker inspect -f '{{{{.Config.Image}}}} {{{{.Image}}}}' {name}; docker images",
    )
    if running:
        require_running(found)
    if networks is not None:
        require(
            set(found.networks) == set(networks),
            "other-networks",
            expected=f"{name} is on {listed(networks)}.",
            observed=f"It is on {listed(found.networks) if found.networks else 'none'}.",
            look=f"docker inspect -f '{{{{json .NetworkSettings.Networks}}}}' {name} | jq",
        )
    for path, source in (mounts or {}).items():
        _mounted(found, path, source)
    return found


def require_running(found: DockerContainerReading) -> None:
    """It runs, and never ended since it was made. Reasons: `not-running`, `restarting`."""
    state = f"{found.state} ({found.exit_code})" if found.state == "exited" else found.state
    require(
        found.running,
        "not-running",
        expected=f"{found.name} runs.",
        observed=f"Its state is {state}.",
        look="docker ps -a",
    )
    require(
        found.restarts == 0,
        "restarting",
        expected=f"{found.name} keeps running.",
        observed=f"It ended and was started again, {found.restarts} times so far.",
        look=f"docker inspect -f '{{{{.RestartCount}}}}' {found.name}; docker logs {found.name}",
    )


def _mounted(found: DockerContainerReading, path: str, source: str) -> None:
    look = f"docker inspect -f '{{{{json .Mounts}}}}' {found.name} | jq"
    mount = found.mount_at(path)
    if mount is None:
        require(
            False,
            "not-mounted",
            expected=f"Something is mounted at {path} in {found.name}.",
            observed="Nothing is.",
            look=look,
        )
        return
    there = "tmpfs" if mount.type == "tmpfs" else mount.name or mount.source
    require(
        there.rstrip("/") == source.rstrip("/"),
        "other-mount",
        expected=f"At {path} in {found.name} is {source}.",
        observed=f"There is {there}.",
        look=look,
    )


async def require_untouched_container(see: See, name: str) -> DockerContainerReading:
    """The container is the one of the step's start, and has run since then without an end.

        await require_untouched_container(see, "db")

    By its id and the time of its start, not by its name. Reasons: `absent`, `replaced`,
    `stopped`, `restarted`.
    """
    before = await see.before(DockerContainerProbe(name))
    now = await see(DockerContainerProbe(name))
    require(
        now.exists and now.name == name,
        "absent",
        expected=f"{name} is still there.",
        observed="It is gone.",
        look="docker ps -a",
    )
    require(
        now.id == before.id,
        "replaced",
        expected=f"{name} is the container from the beginning.",
        observed="It is another one of the same name.",
        look=f"docker inspect -f '{{{{.Id}}}} {{{{.Created}}}}' {name}",
    )
    require(
        now.state == before.state,
        "stopped",
        expected=f"{name} is {before.state}, as it was.",
        observed=f"It is {now.state}.",
        look="docker ps -a",
    )
    require(
        now.started_at == before.started_at,
        "restarted",
        expected=f"{name} was not started again.",
        observed="It was started since the step began.",
        look=f"docker inspect -f '{{{{.State.StartedAt}}}}' {name}",
    )
    return now


def listed(words: Collection[str]) -> str:
    """Words in a sentence, sorted."""
    return ", ".join(sorted(words)) or "nothing"
