"""The null driver: a container with loopback only."""

from __future__ import annotations

from lab_engine.authoring import (
    DockerContainerProbe,
    HttpProbe,
    Image,
    See,
    SocketsProbe,
    container,
    require,
    require_container,
    require_served_by,
)
from labs.docker_networking.values import (
    ENDED,
    RESTARTING,
    Values,
    lab,
    named,
    runs,
    serving,
)

HAS_A_LINK = (
    "This container has an interface besides loopback, and a network behind it, be that internal "
    "or not. On none there is nothing but loopback."
)

step = lab.step("none", daemons=("docker",), resources=lambda _: [Image("busybox")])


@step.check("c3", points=2)
async def c3(see: See, v: Values) -> None:
    found = await runs(see, "c3")
    await require_container(see, "c3", namespaces={"net": "own"})
    require(
        found.links == ("lo",),
        "has-a-link",
        expected="c3 has one network interface: lo.",
        observed=f"It has {', '.join(found.links)}.",
        look="docker exec c3 ip addr",
    )
    require(
        found.network_mode == "none",
        "unplugged",
        expected="c3 was started on the network none.",
        observed=f"It was started on {found.network_mode}, and is now on {named(found.networks)}.",
        look="docker inspect -f '{{.HostConfig.NetworkMode}}' c3",
    )


@step.check("serve-inside", points=2, settle=0.5)
async def serve_inside(see: See, v: Values) -> None:
    url = f"http://127.0.0.1:{v.inner_port}/"
    page, c3, inside, outside = await see(
        HttpProbe(url, place=container("c3")),
        DockerContainerProbe("c3"),
        SocketsProbe(container("c3")),
        HttpProbe(url),
    )
    require(
        page.exists and "net" not in c3.on_host,
        "no-c3",
        expected="c3 runs, with a network namespace of its own.",
        observed=f"It is {c3.state}."
        if c3.exists and not page.exists
        else "It uses the bench's network."
        if c3.exists
        else "There is no such container.",
        look="docker ps -a",
    )
    # Docker's own DNS server listens in there, too, on a network that a learner made.
    ports = sorted(
        {s.port for s in inside.sockets if any(held.container == c3.id for held in s.holders)}
    )
    require(
        page.status == 200 or outside.body.strip() != v.inner_text,
        "outside",
        expected=f"Inside c3, {url} answers.",
        observed="Inside c3 it does not; in the bench it does.",
        look=f"curl -s {url}",
    )
    require(
        page.status == 200 or not ports or v.inner_port in ports,
        "other-port",
        expected=f"Inside c3, {url} answers.",
        observed=f"There is a server in c3, on port {', '.join(map(str, ports))}.",
        look="docker exec c3 netstat -tln",
    )
    await require_served_by(see, "c3", v.inner_port, says=v.inner_text)


step.solution(
    "started in it",
    lambda v: [
        "docker container run -itd --name=c3 --net=none busybox /bin/sh",
        f"docker exec c3 sh -c 'mkdir /www; echo {v.inner_text} > /www/index.html'",
        f"docker exec c3 httpd -p {v.inner_port} -h /www",
    ],
)
step.solution(
    "as its first process",
    lambda v: [
        "docker run -d --name c3 --network none busybox "
        f"sh -c '{serving(v.inner_text, f'127.0.0.1:{v.inner_port}')}'",
    ],
)
step.solution(
    "an image by its id",
    lambda v: [
        "docker run -d --name c3 --network none $(docker image inspect -f '{{.Id}}' busybox) "
        f"sh -c '{serving(v.inner_text, str(v.inner_port))}'",
    ],
)
step.near_miss(
    "an internal network",
    lambda _: [
        "docker network create --internal quiet",
        "docker run -itd --name=c3 --network=quiet busybox",
    ],
    rejected_by="c3",
    reason="has-a-link",
    explain=HAS_A_LINK,
)
step.near_miss(
    "on the default bridge",
    lambda _: ["docker run -itd --name=c3 busybox"],
    rejected_by="c3",
    reason="has-a-link",
    explain=HAS_A_LINK,
)
step.near_miss(
    "unplugged afterwards",
    lambda _: [
        "docker run -itd --name=c3 busybox",
        "docker network disconnect bridge c3",
    ],
    rejected_by="c3",
    reason="unplugged",
    explain="It has no interface now. But it was on a network before, and can be connected again "
    "at any time; a container that was started on none cannot.",
)
step.near_miss(
    "ended at once",
    lambda _: ["docker run -d --name=c3 --net=none busybox"],
    rejected_by="c3",
    reason="ended",
    explain=ENDED,
)
step.near_miss(
    "started again and again",
    lambda _: [
        "docker run -d --name=c3 --net=none --restart=always busybox",
        "until [ $(docker inspect -f '{{.RestartCount}}' c3) -gt 0 ]; do sleep 0.1; done",
    ],
    rejected_by="c3",
    reason="restarting",
    explain=RESTARTING,
)
step.near_miss(
    "in the network of another container",
    lambda _: [
        "docker run -itd --name=other --net=none busybox",
        "docker run -itd --name=c3 --net=container:other busybox",
    ],
    rejected_by="c3",
    reason="not-own",
    explain="c3 shares its network with something else, another container or the bench. On none "
    "it has one for itself.",
)
step.near_miss(
    "served by a second container in c3's network",
    lambda v: [
        "docker run -itd --name=c3 --net=none busybox",
        "docker run -d --name helper --net=container:c3 busybox "
        f"sh -c '{serving(v.inner_text, str(v.inner_port))}'",
    ],
    rejected_by="serve-inside",
    reason="served-by-another",
    explain="The server is in the network of c3, and still not in c3: it is no process of that "
    "container. Start it as c3's command, or with docker exec.",
)
step.near_miss(
    "served from the bench",
    lambda v: [
        "docker run -itd --name=c3 --net=none busybox",
        f"mkdir -p www; echo {v.inner_text} > www/index.html",
        f"busybox httpd -p {v.inner_port} -h www",
    ],
    rejected_by="serve-inside",
    reason="outside",
    explain="The bench serves the page, not c3. A network namespace has a loopback of its own: "
    "what listens on the bench's is not on that of c3.",
)
step.near_miss(
    "on the usual port",
    lambda v: [
        f"docker run -d --name c3 --network none busybox sh -c '{serving(v.inner_text, '80')}'",
    ],
    rejected_by="serve-inside",
    reason="other-port",
    explain="The server in c3 listens on another port than the one of the task. `httpd -p PORT` "
    "sets it; without -p it is 80.",
)
step.near_miss(
    "another text",
    lambda v: [
        "docker run -d --name c3 --network none busybox "
        f"sh -c '{serving('hello', str(v.inner_port))}'",
    ],
    rejected_by="serve-inside",
    reason="other-page",
    explain="The server works. Its page should say the text of the task.",
)
