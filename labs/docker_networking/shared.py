"""Containers that share one network namespace, and what a restart does to them."""

from __future__ import annotations

from lab_engine.authoring import (
    DockerContainerProbe,
    DockerContainerReading,
    HttpProbe,
    HttpReading,
    Image,
    Look,
    See,
    container,
    require,
    require_served_by,
)
from labs.docker_networking.values import Values, lab, runs, serving, sleeper, web

step = lab.step(
    "shared",
    daemons=("docker",),
    resources=lambda v: [
        Image("busybox"),
        web(v.anchor, v.pair_text, f"127.0.0.1:{v.pair_port}"),
        sleeper(v.rider, network_mode=f"container:{v.anchor}"),
    ],
    touches=lambda v: [f"container/{v.anchor}", f"container/{v.rider}"],
)


def same_network(one: DockerContainerReading, other: DockerContainerReading) -> bool:
    return bool(one.namespaces) and one.namespaces.get("net") == other.namespaces.get("net")


def reads(page: HttpReading, url: str, text: str, name: str) -> None:
    """Require that the page, fetched inside the container `name`, says `text`."""
    fetch = f"docker exec {name} wget -qO- {url}"
    require(
        page.status == 200,
        "no-page",
        expected=f"Inside {name}, {url} says {text}.",
        observed=f"No page: {page.problem or page.status}.",
        look=Look(fetch, fails=True),
    )
    require(
        page.body.strip() == text,
        "other-text",
        expected=f"Inside {name}, {url} says {text}.",
        observed=f"It says {page.body.strip()[:60]!r}.",
        look=fetch,
    )


@step.check("c5", points=2, settle=0.5)
async def c5(see: See, v: Values) -> None:
    await runs(see, "c5", networks=["bridge"])
    await require_served_by(see, "c5", v.shared_port, says=v.shared_text, address="127.0.0.1")


@step.check("c6", points=2, settle=0.5)
async def c6(see: See, v: Values) -> None:
    url = f"http://127.0.0.1:{v.shared_port}/"
    c6 = await runs(see, "c6")
    c5, page = await see(DockerContainerProbe("c5"), HttpProbe(url, place=container("c6")))
    require(
        "net" not in c6.on_host,
        "on-host",
        expected="c6 uses the network namespace of c5.",
        observed="It uses that of the bench.",
        look="docker inspect -f '{{.HostConfig.NetworkMode}}' c6",
    )
    require(
        c6.network_mode == "container",
        "own-namespace",
        expected="c6 uses the network namespace of c5.",
        observed=f"It was started on {c6.network_mode}.",
        look="docker inspect -f '{{.HostConfig.NetworkMode}}' c6",
    )
    require(
        c6.shares_with == "c5",
        "of-another",
        expected="c6 uses the network namespace of c5.",
        observed=f"It uses that of {c6.shares_with or 'a container that is gone'}.",
        look="docker inspect -f '{{.HostConfig.NetworkMode}}' c6; docker ps --no-trunc",
    )
    require(
        same_network(c5, c6),
        "left-behind",
        expected="c5 and c6 are in the same network namespace.",
        observed="c5 was started anew, and c6 is still in the old namespace.",
        look="docker exec c5 ip addr; docker exec c6 ip addr",
    )
    reads(page, url, v.shared_text, "c6")


@step.check("mend", points=3, settle=0.5)
async def mend(see: See, v: Values) -> None:
    before = await see.before(DockerContainerProbe(v.anchor))
    rider_before = await see.before(DockerContainerProbe(v.rider))
    url = f"http://127.0.0.1:{v.pair_port}/"
    anchor, rider, page = await see(
        DockerContainerProbe(v.anchor),
        DockerContainerProbe(v.rider),
        HttpProbe(url, place=container(v.rider)),
    )
    await runs(see, v.anchor)
    require(
        anchor.id == before.id,
        "replaced",
        expected=f"{v.anchor} is the container from the beginning.",
        observed="It is a new one.",
        look="docker ps -a",
    )
    restarted = anchor.started_at > before.started_at
    require(
        restarted or rider.started_at == rider_before.started_at,
        "other-restarted",
        expected=f"{v.anchor} was restarted.",
        observed=f"It runs since the beginning of the step. {v.rider} was restarted.",
        look="docker ps",
    )
    require(
        restarted,
        "not-restarted",
        expected=f"{v.anchor} was restarted.",
        observed="It runs since the beginning of the step.",
        look="docker ps",
    )
    await runs(see, v.rider)
    require(
        rider.network_mode == "container",
        "own-network",
        expected=f"{v.rider} uses the network of {v.anchor}.",
        observed=f"It was started on {rider.network_mode}.",
        look=f"docker inspect -f '{{{{.HostConfig.NetworkMode}}}}' {v.rider}",
    )
    require(
        same_network(anchor, rider),
        "left-behind",
        expected=f"{v.rider} is in the network namespace that {v.anchor} has now.",
        observed=f"It is in another, with {', '.join(rider.links)}.",
        look=f"docker exec {v.rider} ip addr",
    )
    reads(page, url, v.pair_text, v.rider)


NOT_ALONE = (
    "The server does not wait on 127.0.0.1 alone. On all addresses of c5, others on the bridge can "
    "reach it, if nothing else keeps them out. Give httpd the address too: -p 127.0.0.1:PORT."
)
OWN = "Without --network=container:c5, c6 gets a namespace of its own, with a loopback of its own."
LEFT_BEHIND = (
    "A container that starts anew gets a new namespace. Whoever shared the old one stays in it, "
    "and must be started anew too, afterwards."
)


def pair(v: Values) -> list[str]:
    """The commands for the first two tasks."""
    return [
        "docker run -d --name c5 busybox "
        f"sh -c '{serving(v.shared_text, f'127.0.0.1:{v.shared_port}')}'",
        "docker container run -itd --name=c6 --net=container:c5 busybox /bin/sh",
    ]


step.solution(
    "restart both",
    lambda v: [
        *pair(v),
        f"docker restart -t 0 {v.anchor}",
        f"docker restart -t 0 {v.rider}",
    ],
    explained={2: ["other-restarted"], 3: ["left-behind"]},
)
step.solution(
    "a new rider",
    lambda v: [
        "docker run -itd --name c5 busybox",
        f"docker exec c5 sh -c 'mkdir /www; echo {v.shared_text} > /www/index.html'",
        f"docker exec c5 httpd -p 127.0.0.1:{v.shared_port} -h /www",
        "docker run -d --name c6 --network container:c5 busybox sleep 1d",
        f"docker stop -t 0 {v.anchor}; docker start {v.anchor}",
        f"docker rm -f {v.rider}; docker run -d --name {v.rider} "
        f"--network container:{v.anchor} busybox sleep 1d",
    ],
    explained={
        1: ["no-server"],
        2: ["no-server"],
        4: ["other-restarted"],
        5: ["left-behind"],
    },
)
step.near_miss(
    "for everybody",
    lambda v: [
        f"docker run -d --name c5 busybox sh -c '{serving(v.shared_text, str(v.shared_port))}'",
    ],
    rejected_by="c5",
    reason="other-address",
    explain=NOT_ALONE,
)
step.near_miss(
    "for everybody, behind a firewall",
    lambda v: [
        f"docker run -d --name c5 busybox sh -c '{serving(v.shared_text, str(v.shared_port))}'",
        "sudo nsenter -t $(docker inspect -f '{{.State.Pid}}' c5) -n "
        f"iptables -A INPUT -i eth0 -p tcp --dport {v.shared_port} -j REJECT",
    ],
    rejected_by="c5",
    reason="other-address",
    explain=NOT_ALONE,
)
step.near_miss(
    "served by a second container in c5's network",
    lambda v: [
        "docker run -itd --name c5 busybox",
        "docker run -d --name helper --net=container:c5 busybox "
        f"sh -c '{serving(v.shared_text, f'127.0.0.1:{v.shared_port}')}'",
    ],
    rejected_by="c5",
    reason="served-by-another",
    explain="The server is in the network of c5, and still not in c5: it is no process of that "
    "container. Start it as c5's command, or with docker exec.",
)
step.near_miss(
    "on the host's loopback",
    lambda v: [
        "docker run -d --name c5 --network host busybox "
        f"sh -c '{serving(v.shared_text, f'127.0.0.1:{v.shared_port}')}'",
    ],
    rejected_by="c5",
    reason="other-networks",
    explain="That is the bench's own loopback, shared with every program here. c5 should be an "
    "ordinary container on bridge.",
)
step.near_miss(
    "another port",
    lambda v: [
        "docker run -d --name c5 busybox "
        f"sh -c '{serving(v.shared_text, f'127.0.0.1:{v.shared_port + 1}')}'",
    ],
    rejected_by="c5",
    reason="no-server",
    explain="Inside c5 nothing waits on that port yet.",
)
step.near_miss(
    "two neighbours on the bridge",
    lambda v: [pair(v)[0], "docker run -itd --name=c6 busybox"],
    rejected_by="c6",
    reason="own-namespace",
    explain=OWN,
)
step.near_miss(
    "the wrong partner",
    lambda v: [pair(v)[0], f"docker run -itd --name=c6 --net=container:{v.anchor} busybox"],
    rejected_by="c6",
    reason="of-another",
    explain="c6 shares a namespace, but with another container.",
)
step.near_miss(
    "c5 restarted in between",
    lambda v: [*pair(v), "docker restart -t 0 c5"],
    rejected_by="c6",
    reason="left-behind",
    explain=LEFT_BEHIND,
)
step.near_miss(
    "only the first restarted",
    lambda v: [f"docker restart -t 0 {v.anchor}"],
    rejected_by="mend",
    reason="left-behind",
    explain=LEFT_BEHIND,
)
step.near_miss(
    "in the wrong order",
    lambda v: [f"docker restart -t 0 {v.rider}", f"docker restart -t 0 {v.anchor}"],
    rejected_by="mend",
    reason="left-behind",
    explain=LEFT_BEHIND,
)
step.near_miss(
    "only the second restarted",
    lambda v: [f"docker restart -t 0 {v.rider}"],
    rejected_by="mend",
    reason="other-restarted",
    explain="Restart the one whose namespace it is first: that is what breaks the pair.",
)
step.near_miss(
    "both replaced",
    lambda v: [
        f"docker rm -f {v.anchor} {v.rider}",
        f"docker run -d --name {v.anchor} busybox "
        f"sh -c '{serving(v.pair_text, f'127.0.0.1:{v.pair_port}')}'",
        f"docker run -d --name {v.rider} --network container:{v.anchor} busybox sleep 1d",
    ],
    rejected_by="mend",
    reason="replaced",
    explain="You built the pair anew. The task is what happens on every update of a server: it is "
    "restarted, and its partner has to follow.",
)
