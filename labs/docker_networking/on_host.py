"""The host driver: a container that uses the bench's own network."""

from __future__ import annotations

from lab_engine.authoring import (
    Directory,
    DockerContainerProbe,
    HttpProbe,
    HttpReady,
    Image,
    Look,
    See,
    Service,
    SocketsProbe,
    require,
)
from labs.docker_networking.values import ENDED, Values, lab, runs, serving

ADMIN_TEXT = "for-this-machine-only"

step = lab.step(
    "host",
    daemons=("docker",),
    resources=lambda v: [
        Image("busybox"),
        Directory("admin", path="/srv/admin", files={"index.html": f"{ADMIN_TEXT}\n"}),
        Service(
            "admin",
            argv=("busybox", "httpd", "-f", "-p", f"127.0.0.1:{v.admin_port}", "-h", "/srv/admin"),
            ready=HttpReady(v.admin_port),
            after=("directory/admin",),
        ),
    ],
)


@step.check("c4", points=2)
async def c4(see: See, v: Values) -> None:
    found = await runs(see, "c4")
    require(
        "net" in found.on_host,
        "own-namespace",
        expected="c4 uses the bench's own network namespace.",
        observed=f"It has one of its own, with {', '.join(found.links)}.",
        look="docker exec c4 ip addr; ip addr",
    )


@step.check("serve", points=2, settle=0.5)
async def serve(see: See, v: Values) -> None:
    url = f"http://127.0.0.1:{v.host_port}/"
    page, sockets, c4 = await see(HttpProbe(url), SocketsProbe(), DockerContainerProbe("c4"))
    theirs = [
        one.port
        for one in sockets.sockets
        if c4.exists and any(holder.container == c4.id for holder in one.holders)
    ]
    require(
        page.status == 200 or not theirs or v.host_port in theirs,
        "other-port",
        expected=f"In the bench, {url} answers.",
        observed=f"It does not. c4 listens on port {', '.join(map(str, sorted(set(theirs))))}.",
        look="ss -tln",
    )
    require(
        page.status == 200,
        "no-server",
        expected=f"In the bench, {url} answers.",
        observed=f"It does not: {page.problem or page.status}.",
        look=Look(f"curl -s {url}", fails=True),
    )
    require(
        page.body.strip() == v.host_text,
        "other-text",
        expected=f"The page says {v.host_text}.",
        observed=f"It says {page.body.strip()[:60]!r}.",
        look=f"curl {url}",
    )
    require(
        v.host_port in theirs,
        "not-c4",
        expected=f"c4 itself listens on port {v.host_port} of the bench.",
        observed="Something else listens there.",
        look=f"sudo ss -tlnp 'sport = {v.host_port}'",
    )


NOT_C4 = (
    "The page is right, but whoever listens on that port of the bench is not c4. In host mode c4 "
    "opens the port itself, in the bench's own namespace."
)
OTHER_PORT = (
    "c4 serves, but not on the port of the task. -p would not help: in host mode there is nothing "
    "to publish, the program itself has to listen there."
)

step.solution(
    "as its first process",
    lambda v: [
        "docker run -d --name c4 --network host busybox "
        f"sh -c '{serving(v.host_text, str(v.host_port))}'",
    ],
)
step.solution(
    "as the source does",
    lambda v: [
        "docker container run -itd --name=c4 --net=host busybox /bin/sh",
        f"docker exec c4 sh -c 'mkdir /www; echo {v.host_text} > /www/index.html'",
        f"docker exec c4 httpd -p {v.host_port} -h /www",
    ],
)
step.solution(
    "an image by its id",
    lambda v: [
        "docker run -d --name c4 --network host $(docker image inspect -f '{{.Id}}' busybox) "
        f"sh -c '{serving(v.host_text, f'0.0.0.0:{v.host_port}')}'",
    ],
)
step.near_miss(
    "published instead",
    lambda v: [
        f"docker run -d --name c4 -p {v.host_port}:{v.host_port} busybox "
        f"sh -c '{serving(v.host_text, str(v.host_port))}'",
    ],
    rejected_by="c4",
    reason="own-namespace",
    explain="c4 has a network namespace of its own; a published port or a borrowed host name does "
    "not change that. Start it with --network=host.",
    also=["not-c4"],
)
step.near_miss(
    "the host's name only",
    lambda _: ["docker run -itd --name=c4 --uts=host busybox"],
    rejected_by="c4",
    reason="own-namespace",
    explain="c4 has a network namespace of its own; a published port or a borrowed host name does "
    "not change that. Start it with --network=host.",
)
step.near_miss(
    "on the usual port",
    lambda v: [
        f"docker run -d --name c4 --network host busybox sh -c '{serving(v.host_text, '80')}'",
    ],
    rejected_by="serve",
    reason="other-port",
    explain=OTHER_PORT,
)
step.near_miss(
    "published in vain",
    lambda v: [
        f"docker run -d --name c4 --network host -p {v.host_port}:80 busybox "
        f"sh -c '{serving(v.host_text, '80')}'",
    ],
    rejected_by="serve",
    reason="other-port",
    explain=OTHER_PORT,
)
step.near_miss(
    "served by the bench itself",
    lambda v: [
        "docker run -itd --name=c4 --net=host busybox",
        f"mkdir -p www; echo {v.host_text} > www/index.html",
        f"busybox httpd -p {v.host_port} -h www",
    ],
    rejected_by="serve",
    reason="not-c4",
    explain=NOT_C4,
)
step.near_miss(
    "served by another container",
    lambda v: [
        "docker run -itd --name=c4 --net=host busybox",
        f"docker run -d --name helper -p {v.host_port}:80 busybox "
        f"sh -c '{serving(v.host_text, '80')}'",
        "sleep 0.3",
    ],
    rejected_by="serve",
    reason="not-c4",
    explain=NOT_C4,
)
step.near_miss(
    "a server in the background",
    lambda v: [
        "docker run -d --name c4 --network host busybox "
        f"sh -c 'mkdir /www; httpd -p {v.host_port} -h /www'",
    ],
    rejected_by="c4",
    reason="ended",
    explain=ENDED,
)
