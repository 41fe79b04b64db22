"""A user-defined bridge, a container on it, and names instead of addresses."""

from __future__ import annotations

from lab_engine.authoring import (
    AddressesProbe,
    ContainerFileProbe,
    DockerContainerProbe,
    DockerNetworkProbe,
    DockerNetworksProbe,
    HttpProbe,
    Image,
    Look,
    See,
    container,
    require,
    require_untouched_container,
)
from labs.docker_networking.values import Values, lab, named, runs, serving, web

ADDRESS = "{{.NetworkSettings.Networks.bridge.IPAddress}}"

step = lab.step(
    "my-bridge",
    daemons=("docker",),
    resources=lambda v: [Image("busybox"), web(v.site, v.site_text, str(v.site_port))],
    touches=lambda v: [f"container/{v.site}"],
)


@step.check("create", points=2)
async def create(see: See, v: Values) -> None:
    network, every, addresses = await see(
        DockerNetworkProbe("my_bridge"), DockerNetworksProbe(), AddressesProbe()
    )
    names = {one.name for one in every.networks}
    require(
        network.exists or "my-bridge" not in names,
        "a-dash",
        expected="There is a network called my_bridge.",
        observed="There is one called my-bridge.",
        look="docker network ls",
    )
    require(
        network.exists,
        "absent",
        expected="There is a network called my_bridge.",
        observed="There is none of that name.",
        look="docker network ls",
    )
    require(
        network.driver == "bridge",
        "other-driver",
        expected="Its driver is bridge.",
        observed=f"Its driver is {network.driver}.",
        look="docker network ls",
    )
    require(
        [one for one in network.subnets if ":" not in one] == [v.subnet],
        "other-subnet",
        expected=f"Its subnet is {v.subnet}.",
        observed=f"Its subnet is {', '.join(network.subnets)}.",
        look="docker network inspect my_bridge",
    )
    require(
        any(one.interface == network.bridge for one in addresses.within(v.subnet)),
        "no-interface",
        expected=f"The bench has a bridge {network.bridge} with an address in {v.subnet}.",
        observed="No interface of that name has such an address.",
        look="ip -br addr",
    )


@step.check("c2", points=2)
async def c2(see: See, v: Values) -> None:
    await runs(see, "c2", networks=["my_bridge"])


@step.check("by-name", points=3)
async def by_name(see: See, v: Values) -> None:
    await require_untouched_container(see, v.site)
    url = f"http://{v.site}:{v.site_port}/"
    network, c2 = await see(DockerNetworkProbe("my_bridge"), DockerContainerProbe("c2"))
    require(
        c2.running and "my_bridge" in c2.networks,
        "no-c2",
        expected="c2 runs on my_bridge.",
        observed=f"It is {c2.state}, on {named(c2.networks)}."
        if c2.exists
        else "There is no such container yet.",
        look="docker ps -a",
    )
    require(
        v.site in network.containers or "bridge" not in c2.networks,
        "met-elsewhere",
        expected=f"{v.site} is on my_bridge too.",
        observed=f"c2 and {v.site} meet on bridge only, where nobody has a name.",
        look="docker network inspect my_bridge",
    )
    require(
        v.site in network.containers,
        "not-connected",
        expected=f"{v.site} is on my_bridge too.",
        observed=f"On my_bridge: {', '.join(sorted(network.containers)) or 'nobody'}.",
        look="docker network inspect my_bridge",
    )
    page, hosts = await see(
        HttpProbe(url, place=container("c2")), ContainerFileProbe("c2", "/etc/hosts")
    )
    fetch = f"docker exec c2 wget -T 3 -qO- {url}"
    require(
        page.status == 200 or v.site not in hosts.text.split(),
        "pinned",
        expected=f"c2 fetches {url} and reads {v.site_text}.",
        observed=f"No page; and c2's hosts file has an address of its own for {v.site}.",
        look="docker exec c2 cat /etc/hosts",
    )
    require(
        page.status == 200,
        "no-page",
        expected=f"c2 fetches {url} and reads {v.site_text}.",
        observed=f"No page: {page.problem or page.status}.",
        look=Look(fetch, fails=True),
    )
    require(
        page.body.strip() == v.site_text,
        "other-text",
        expected=f"c2 fetches {url} and reads {v.site_text}.",
        observed=f"It reads {page.body.strip()[:60]!r}.",
        look=fetch,
    )


NOT_THERE = (
    "c2 and the site are on different bridges, and Docker keeps these apart: a name in a hosts "
    "file gives an address, not a way to it. Connect the site to my_bridge."
)

step.solution(
    "as the source does",
    lambda v: [
        f"docker network create --driver bridge --subnet {v.subnet} my_bridge",
        "docker container run --net=my_bridge -itd --name=c2 busybox",
        f"docker network connect my_bridge {v.site}",
    ],
    explained={2: ["not-connected"]},
)
step.solution(
    "c2 moved there later",
    lambda v: [
        f"docker network create --subnet={v.subnet} my_bridge",
        "docker run -d --name c2 busybox sleep 1d",
        "docker network connect my_bridge c2; docker network disconnect bridge c2",
        f"docker network connect my_bridge {v.site}; docker network disconnect bridge {v.site}",
    ],
    explained={0: ["other-networks"], 2: ["other-networks"], 3: ["not-connected"]},
)
step.solution(
    "a network that leads nowhere else, an image by its id",
    lambda v: [
        f"docker network create --internal --subnet {v.subnet} my_bridge",
        "docker run -d --name c2 --network my_bridge "
        "$(docker image inspect -f '{{.Id}}' busybox) sleep 1d",
        f"docker network connect my_bridge {v.site}",
    ],
    explained={2: ["not-connected"]},
)
step.near_miss(
    "a site of one's own",
    lambda v: [
        f"docker network create --subnet {v.subnet} my_bridge",
        "docker run -itd --net=my_bridge --name=c2 busybox",
        f"docker rm -f {v.site}",
        f"docker run -d --name {v.site} --network my_bridge busybox "
        f"sh -c '{serving(v.site_text, str(v.site_port))}'",
    ],
    rejected_by="by-name",
    reason="replaced",
    explain="That is a new site, and the old one was removed for it. A container that runs can be "
    "connected to another network. Press reset to have the old one back.",
)
step.near_miss(
    "the site stopped for it",
    lambda v: [
        f"docker network create --subnet {v.subnet} my_bridge",
        "docker run -itd --net=my_bridge --name=c2 busybox",
        f"docker stop -t 0 {v.site}",
        f"docker network connect my_bridge {v.site}",
        f"docker start {v.site}",
    ],
    rejected_by="by-name",
    reason="restarted",
    explain="The site was started anew, so it was away for a while. `docker network connect` works "
    "on a container that runs. Press reset to begin again.",
)
step.near_miss(
    "whatever subnet Docker chooses",
    lambda _: ["docker network create --driver bridge my_bridge"],
    rejected_by="create",
    reason="other-subnet",
    explain="Without --subnet the engine takes the next free one of its own. A network's subnet "
    "cannot be changed: remove it and make it again.",
)
step.near_miss(
    "another driver",
    lambda v: [f"docker network create -d macvlan -o parent=docker0 --subnet {v.subnet} my_bridge"],
    rejected_by="create",
    reason="other-driver",
    explain="Here a software bridge is meant, which is also the default: leave --driver out, or "
    "name bridge.",
)
step.near_miss(
    "a dash in the name",
    lambda v: [f"docker network create --subnet {v.subnet} my-bridge"],
    rejected_by="create",
    reason="a-dash",
    explain="The name has an underscore: my_bridge.",
)
step.near_miss(
    "c2 on the default bridge",
    lambda v: [
        f"docker network create --subnet {v.subnet} my_bridge",
        "docker container run -itd --name=c2 busybox",
    ],
    rejected_by="c2",
    reason="other-networks",
    explain="c2 should be on my_bridge alone. Start it with --network=my_bridge, or connect it to "
    "my_bridge and disconnect it from bridge.",
)
step.near_miss(
    "c2 on both",
    lambda v: [
        f"docker network create --subnet {v.subnet} my_bridge",
        "docker container run -itd --name=c2 busybox",
        "docker network connect my_bridge c2",
    ],
    rejected_by="c2",
    reason="other-networks",
    explain="c2 should be on my_bridge alone. Start it with --network=my_bridge, or connect it to "
    "my_bridge and disconnect it from bridge.",
)
step.near_miss(
    "the site in c2's hosts file",
    lambda v: [
        f"docker network create --subnet {v.subnet} my_bridge",
        "docker run -itd --net=my_bridge --name=c2 --add-host "
        f"{v.site}:$(docker inspect -f '{ADDRESS}' {v.site}) busybox",
    ],
    rejected_by="by-name",
    reason="not-connected",
    explain=NOT_THERE,
)
step.near_miss(
    "a network of their own",
    lambda v: [
        f"docker network create --subnet {v.subnet} my_bridge",
        "docker run -itd --net=my_bridge --name=c2 busybox",
        "docker network create other",
        f"docker network connect other {v.site}",
    ],
    rejected_by="by-name",
    reason="not-connected",
    explain=NOT_THERE,
)
step.near_miss(
    "an old address pinned under the name",
    lambda v: [
        f"docker network create --subnet {v.subnet} my_bridge",
        "docker run -itd --net=my_bridge --name=c2 --add-host "
        f"{v.site}:$(docker inspect -f '{ADDRESS}' {v.site}) busybox",
        f"docker network connect my_bridge {v.site}",
    ],
    rejected_by="by-name",
    reason="pinned",
    explain="The hosts file is asked before DNS, and c2's still gives the site's address on the "
    "other bridge. Leave the name to Docker's DNS.",
)
