"""Statements about containers that a lab can require (client side).

Each asks once, and ends the check with evidence when it does not hold. The reasons are the same in
every lab, so that a near miss names them: see the list in each docstring.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from lab_engine.common.evidence import See, require
from lab_engine.common.probe import Probe
from lab_engine.families.docker.probes.container import (
    DockerContainerProbe,
    DockerContainerReading,
)
from lab_engine.families.docker.probes.engine import (
    DockerImageProbe,
    DockerImageReading,
)
from lab_engine.families.docker.probes.inside import ContainerPathsReading


async def require_container(
    see: See,
    name: str,
    *,
    image: str = "",
    running: bool = True,
    networks: Collection[str] | None = None,
    mounts: Mapping[str, str] | None = None,
    namespaces: Mapping[str, str] | None = None,
) -> DockerContainerReading:
    """There is a container of exactly this name, as described. One round trip.

        web = await require_container(see, "web", image="busybox", networks=["lan"])
        await require_container(see, "spy", namespaces={"pid": "host", "net": "own", "ipc": "db"})

    Reasons, in this order: `absent`, `other-image`, `not-running`, `restarting` (it runs now, but
    ended and was started again by its restart policy), `other-networks`, `not-mounted`,
    `other-mount`, `not-own`, `not-on-host`, `not-shared`.

    Args:
        see: the check's way to ask.
        name: its name in full.
        image: the image that it was made of, told by id: any name of that image will do. One that
            was there when the step began counts as it was then.
        running: whether it must run, and have run since its last start.
        networks: the networks that it is on, all of them and no other; None for any.
        mounts: path in the container to the name of a volume, or to the path of a folder of the
            bench for a bind mount; `tmpfs` for memory. Others are allowed.
        namespaces: kind (`net`, `pid`, `uts`, `ipc`, ...) to `own`, `host` (that of the bench), or
            the name of the container whose namespace it must be in, as the kernel says.
    """
    others = [w for w in dict.fromkeys((namespaces or {}).values()) if w not in ("own", "host")]
    probes: list[Probe[Any]] = [DockerContainerProbe(name), *map(DockerContainerProbe, others)]
    answers = await see(*probes, DockerImageProbe(image or name))
    found: DockerContainerReading = answers[0]
    wanted: DockerImageReading | None = answers[-1] if image else None
    if image:
        # A tag can be put on another image afterwards.
        first = await see.earliest(DockerImageProbe(image))
        wanted = first if first.exists else wanted
    exists(found, name)
    require(
        wanted is None or found.image_id == wanted.id,
        "other-image",
        expected=f"{name} is made of the image {image}.",
        observed=_made_of(found, image, wanted),
        look=f"docker inspect -f '{{{{.Config.Image}}}} {{{{.Image}}}}' {name}; docker images",
    )
    if running:
        require_running(found)
    if networks is not None:
        require(
            set(found.networks) == set(networks),
            "other-networks",
            expected=f"{name} is on {listed(networks)} and on no other network."
            if networks
            else f"{name} is on no network.",
            observed=f"It is on {listed(found.networks) if found.networks else 'none'}.",
            look=f"docker inspect -f '{{{{json .NetworkSettings.Networks}}}}' {name} | jq",
        )
    for path, source in (mounts or {}).items():
        _mounted(found, path, source)
    neighbours = dict(zip(others, answers[1:-1], strict=True))
    for kind, whose in (namespaces or {}).items():
        _lives(found, kind, whose, neighbours)
    return found


def _made_of(found: DockerContainerReading, image: str, wanted: DockerImageReading | None) -> str:
    """Which image it is made of, told apart from one that has the same name by now."""
    if _tagged(found.image) != _tagged(image):
        return f"It is made of {found.image}."
    if wanted is None or not wanted.exists:
        return f"There is no image {image} any more: it is made of the one that was called so."
    ids = (_short(found.image_id), _short(wanted.id))
    return f"It is made of {ids[0]}, which had this name, too; {image} means {ids[1]}."


def _tagged(image: str) -> str:
    """`busybox` is `busybox:latest`."""
    return image if ":" in image.rpartition("/")[2] else f"{image}:latest"


def _short(image_id: str) -> str:
    """As `docker images` shows an id."""
    return image_id.removeprefix("sha256:")[:12]


def _lives(
    found: DockerContainerReading,
    kind: str,
    whose: str,
    neighbours: Mapping[str, DockerContainerReading],
) -> None:
    look = f"sudo ls -l /proc/{found.pid or 'self'}/ns /proc/self/ns"
    if whose in ("own", "host"):
        apart = kind not in found.on_host and kind not in found.joined
        at = "the bench's" if kind in found.on_host else "its own" if apart else "another's"
        require(
            bool(found.namespaces) and (apart if whose == "own" else kind in found.on_host),
            "not-own" if whose == "own" else "not-on-host",
            expected=f"{found.name} has {'its own' if whose == 'own' else 'the'} {kind} namespace"
            + ("." if whose == "own" else " of the bench."),
            observed=f"It is in {at}." if found.namespaces else "It does not run.",
            look=look,
        )
        return
    other = neighbours[whose]
    require(
        other.name == whose
        and bool(found.namespaces)
        and found.namespaces.get(kind) == other.namespaces.get(kind),
        "not-shared",
        expected=f"{found.name} is in the {kind} namespace of {whose}.",
        observed="It is in another one." if other.exists else f"There is no {whose}.",
        look=look,
    )


def require_running(found: DockerContainerReading) -> None:
    """It runs, and never ended since it was made. Reasons: `not-running`, `restarting`."""
    state = f"{found.state} ({found.exit_code})" if found.state == "exited" else found.state
    # Between two of its lives it is `restarting`, and does not run either.
    require(
        found.running or found.state == "restarting",
        "not-running",
        expected=f"{found.name} runs.",
        observed=f"Its state is {state}.",
        look="docker ps -a",
    )
    require(
        found.restarts == 0 and found.running,
        "restarting",
        expected=f"{found.name} keeps running.",
        observed=f"It ended and was started again, {found.restarts} times so far.",
        look=f"docker inspect -f '{{{{.RestartCount}}}}' {found.name}; docker logs {found.name}",
    )


def _mounted(found: DockerContainerReading, path: str, source: str) -> None:
    look = f"docker inspect -f '{{{{json .Mounts}}}} {{{{json .HostConfig.Tmpfs}}}}' {found.name}"
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
        now.exists,
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


def exists(found: DockerContainerReading | ContainerPathsReading, name: str) -> None:
    """A container that was asked about is there. Reason: `absent`."""
    require(
        found.exists,
        "absent",
        expected=f"There is a container called {name}.",
        observed="There is none.",
        look="docker ps -a",
    )


def listed(words: Collection[str]) -> str:
    """Words in a sentence, sorted."""
    return ", ".join(sorted(words)) or "nothing"
