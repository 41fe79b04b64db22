"""Statements about servers and networks that a lab can require (client side)."""

from __future__ import annotations

from lab_engine.common import place
from lab_engine.common.evidence import See, require
from lab_engine.families.docker.probes.container import (
    DockerContainerProbe,
    DockerContainerReading,
)
from lab_engine.families.docker.requirements.containers import listed, require_running
from lab_engine.families.netlink.probes.reach import HttpProbe
from lab_engine.families.netlink.probes.sockets import SocketReading, SocketsProbe

ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - what a socket says of itself
LOOPBACK = ("127.0.0.1", "::1")


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
    require_running(found)
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
            observed=f"It waits at {listed(places)}.",
            look=look,
        )
    if program:
        running = {h.exe.rpartition("/")[2] for s in own for h in s.holders}
        require(
            program in running,
            "other-program",
            expected=f"The server is {program}.",
            observed=f"It is {listed(running)}.",
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
