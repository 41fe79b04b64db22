"""Statements about containers that a lab can require (client side).

Each asks once, and ends the check with evidence when it does not hold. The reasons are the same in
every lab, so that a near miss names them: see the list in each docstring.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lab_engine.common import place
from lab_engine.common.evidence import See, require
from lab_engine.families.docker.probes import (
    DockerContainerProbe,
    DockerContainerReading,
    DockerImageProbe,
)
from lab_engine.families.netlink.probes.network import SocketReading, SocketsProbe
from lab_engine.families.netlink.probes.reach import HttpProbe

ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - what a socket says of itself
LOOPBACK = ("127.0.0.1", "::1")


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
        _running(found)
    if networks is not None:
        require(
            set(found.networks) == set(networks),
            "other-networks",
            expected=f"{name} is on {_listed(networks)}.",
            observed=f"It is on {_listed(found.networks) if found.networks else 'none'}.",
            look=f"docker inspect -f '{{{{json .NetworkSettings.Networks}}}}' {name} | jq",
        )
    for path, source in (mounts or {}).items():
        _mounted(found, path, source)
    return found


def _running(found: DockerContainerReading) -> None:
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


async def require_served_by(
    see: See,
    name: str,
    port: int,
    *,
    says: str = "",
    path: str = "/",
    address: str = "",
    program: str = "",
) -> DockerContainerReading:
    """A server of this container itself waits at a TCP port there. One round trip.

        await require_served_by(see, "c5", 8080, says="hello", address="127.0.0.1")

    Something else in the same network namespace does not count: the socket must be held by a
    process of this container's control group.

    Reasons: `absent`, `not-running`, `restarting`, `no-server`, `served-by-another`,
    `other-address`, `other-program`, `no-page`, `other-page`.

    Args:
        see: the check's way to ask.
        name: the container.
        port: where it waits.
        says: what a GET of `path` must answer, white space around it aside; empty for no matter.
        path: see `says`.
        address: where it must wait, and nowhere else; empty for any address.
        program: the name of the file that the server runs; empty for any.
    """
    at = LOOPBACK[0] if address in ("", *ANY_ADDRESS) else address
    url = f"http://{f'[{at}]' if ':' in at else at}:{port}{path}"
    inside = place.container(name)
    found, sockets, page = await see(
        DockerContainerProbe(name), SocketsProbe(inside), HttpProbe(url, place=inside)
    )
    require(
        found.exists and found.name == name,
        "absent",
        expected=f"There is a container called {name}.",
        observed="There is none.",
        look="docker ps -a",
    )
    _running(found)
    look = f"docker exec {name} netstat -tln"
    waiting: tuple[SocketReading, ...] = sockets.on(port)
    require(
        waiting,
        "no-server",
        expected=f"A server in {name} waits at port {port}.",
        observed="Nothing waits there.",
        look=look,
    )
    own = [s for s in waiting if any(holder.container == found.id for holder in s.holders)]
    require(
        own,
        "served-by-another",
        expected=f"The server at port {port} is a process of {name}.",
        observed=f"It is a process that does not belong to {name}.",
        look=f"docker top {name}; {look}",
    )
    if address:
        everywhere = address in ANY_ADDRESS
        places = {s.address for s in own}
        require(
            places & set(ANY_ADDRESS) if everywhere else places == {address},
            "other-address",
            expected=f"It waits at {'all addresses' if everywhere else address}.",
            observed=f"It waits at {_listed(places)}.",
            look=look,
        )
    if program:
        running = {h.exe.rpartition("/")[2] for s in own for h in s.holders}
        require(
            program in running,
            "other-program",
            expected=f"The server is {program}.",
            observed=f"It is {_listed(running)}.",
            look=f"docker top {name}",
        )
    if says:
        require(
            page.status == 200,
            "no-page",
            expected=f"In {name}, {url} answers with {says!r}.",
            observed=page.problem or f"It answers with status {page.status}.",
            look=f"docker exec {name} wget -qO- {url} || true",
        )
        require(
            page.body.strip() == says,
            "other-page",
            expected=f"In {name}, {url} says {says!r}.",
            observed=f"It says {page.body.strip()[:60]!r}.",
            look=f"docker exec {name} wget -qO- {url} || true",
        )
    return found


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


def _listed(words: Collection[str]) -> str:
    return ", ".join(sorted(words)) or "nothing"
