"""What `docker network inspect bridge` says, and a container that joins while it runs."""

from __future__ import annotations

import re

from lab_engine.authoring import (
    Attachment,
    DockerContainerProbe,
    DockerNetwork,
    DockerNetworkProbe,
    FileProbe,
    Image,
    ReachProbe,
    See,
    container,
    require,
)
from labs.docker_networking.values import WORK, Values, lab, named, runs, sleeper

LIST = f"{WORK}/bridge.txt"
ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]+")

step = lab.step(
    "inspect",
    daemons=("docker",),
    resources=lambda v: [
        Image("busybox"),
        DockerNetwork("island"),
        sleeper(v.first),
        sleeper(v.second),
        sleeper(v.loner, networks=(Attachment("island"),)),
    ],
    touches=lambda v: [f"container/{v.loner}"],
)


@step.check("join", points=2)
async def join(see: See, v: Values) -> None:
    before = await see.before(DockerContainerProbe(v.loner))
    now, bridge, island = await see(
        DockerContainerProbe(v.loner), DockerNetworkProbe("bridge"), DockerNetworkProbe("island")
    )
    await runs(see, v.loner)
    require(
        now.id == before.id,
        "another-container",
        expected=f"{v.loner} is the container from the beginning.",
        observed=f"It is a new one, {now.id[:12]}; the first was {before.id[:12]}.",
        look="docker ps -a",
    )
    require(
        v.loner in bridge.containers or v.first not in island.containers,
        "met-on-island",
        expected=f"{v.loner} is among the containers of the network bridge.",
        observed=f"It is on {named(now.networks)}, and {v.first} is there now, too.",
        look="docker network inspect island",
    )
    require(
        v.loner in bridge.containers,
        "not-on-bridge",
        expected=f"{v.loner} is among the containers of the network bridge.",
        observed=f"It is on {named(now.networks)}.",
        look="docker network inspect bridge",
    )
    require(
        "island" in now.networks,
        "left-island",
        expected=f"{v.loner} is still on island too.",
        observed=f"It is on {named(now.networks)}.",
        look="docker network inspect island",
    )
    address = bridge.containers[v.loner]
    ping = await see(ReachProbe(address, place=container(v.first)))
    require(
        ping.reached,
        "no-answer",
        expected=f"{v.first} reaches {v.loner} at {address}.",
        observed="No answer." if ping.exists else f"{v.first} does not run.",
        look=f"docker exec {v.first} ping -c1 {address}",
    )


@step.check("list", points=2)
async def addresses(see: See, v: Values) -> None:
    file, bridge = await see(FileProbe(LIST), DockerNetworkProbe("bridge"))
    require(
        file.exists and file.content.strip(),
        "no-list",
        expected="bridge.txt in your work folder lists the containers of bridge.",
        observed="The file is empty." if file.exists else "There is no such file.",
        look="ls -l ~/work",
    )
    said: dict[str, list[str]] = {}
    for line in filter(str.strip, file.content.splitlines()):
        found = ADDRESS.findall(line)
        words = NAME.findall(ADDRESS.sub(" ", line))
        known = [name for name in words if name in bridge.containers]
        require(
            known or v.loner in words,
            "other-line",
            expected="One line for each container of bridge, with its name and its address.",
            observed=f"This line names none of them: {line.strip()[:60]}",
            look="docker network inspect bridge; cat ~/work/bridge.txt",
        )
        require(
            found,
            "no-address",
            expected="Each line has a container's name and its address.",
            observed=f"This line has no address: {line.strip()[:60]}",
            look="cat ~/work/bridge.txt",
        )
        for name in known:
            said.setdefault(name, []).extend(found)
    missing = sorted(bridge.containers.keys() - said.keys())
    require(
        not missing,
        "incomplete",
        expected=f"bridge.txt names all {len(bridge.containers)} containers of bridge.",
        observed=f"It does not name {', '.join(missing)}.",
        look="docker network inspect bridge; cat ~/work/bridge.txt",
    )
    for name, address in bridge.containers.items():
        require(
            said[name] == [address],
            "other-address",
            expected=f"bridge.txt gives {address} for {name}, and nothing else.",
            observed=f"It gives {', '.join(said[name])}.",
            look="docker network inspect bridge; cat ~/work/bridge.txt",
        )
    require(
        v.loner in bridge.containers,
        "too-early",
        expected=f"The list is of the time when {v.loner} is on bridge.",
        observed=f"{v.loner} is not on bridge yet.",
        look="docker network inspect bridge",
    )


TEMPLATE = "'{{range .Containers}}{{println .Name .IPv4Address}}{{end}}'"

step.solution(
    "with a template",
    lambda v: [
        f"docker network connect bridge {v.loner}",
        f"docker network inspect --format {TEMPLATE} bridge > bridge.txt",
    ],
)
step.solution(
    "with jq",
    lambda v: [
        f"docker network connect bridge $(docker ps -q --filter name={v.loner})",
        "docker network inspect bridge "
        "| jq -r '.[0].Containers[] | .Name + \" \" + .IPv4Address' > bridge.txt",
    ],
)
step.near_miss(
    "a new one instead",
    lambda v: [
        f"docker rm -f {v.loner}",
        f"docker run -d --name {v.loner} --network island busybox sleep 1d",
        f"docker network connect bridge {v.loner}",
    ],
    rejected_by="join",
    reason="another-container",
    explain="You replaced the container. That works, and whatever ran in the old one is gone. "
    "`docker network connect` moves the cable, not the container.",
)
step.near_miss(
    "the others to its island",
    lambda v: [
        f"docker network connect island {v.first}",
        f"docker network connect island {v.second}",
    ],
    rejected_by="join",
    reason="met-on-island",
    explain="Now they can talk, but on island. The task asks for the network bridge.",
)
step.near_miss(
    "moved instead of added",
    lambda v: [
        f"docker network disconnect island {v.loner}",
        f"docker network connect bridge {v.loner}",
    ],
    rejected_by="join",
    reason="left-island",
    explain="A container can be on several networks at once. It should keep its place on island.",
)
step.near_miss(
    "names only",
    lambda v: [
        f"docker network connect bridge {v.loner}",
        "docker ps --filter network=bridge --format '{{.Names}}' > bridge.txt",
    ],
    rejected_by="list",
    reason="no-address",
    explain="The names are right. `docker ps` knows no addresses; the network's own description "
    "has both.",
)
step.near_miss(
    "the whole description",
    lambda v: [
        f"docker network connect bridge {v.loner}",
        "docker network inspect bridge > bridge.txt",
    ],
    rejected_by="list",
    reason="other-line",
)
step.near_miss(
    "one that is not there",
    lambda v: [
        f"docker network connect bridge {v.loner}",
        f"docker network inspect --format {TEMPLATE} bridge > bridge.txt",
        "echo ghost 172.17.0.99 >> bridge.txt",
    ],
    rejected_by="list",
    reason="other-line",
)
step.near_miss(
    "listed before it joined",
    lambda v: [
        f"docker network inspect --format {TEMPLATE} bridge > bridge.txt",
        f"docker network connect bridge {v.loner}",
    ],
    rejected_by="list",
    reason="incomplete",
    explain="Not all who are on bridge now stand in the file. A list from before somebody joined "
    "lacks them: write it again.",
)
step.near_miss(
    "every address of every container",
    lambda v: [
        f"docker network connect bridge {v.loner}",
        f"for name in {v.first} {v.second} {v.loner}; do docker inspect --format "
        "'{{.Name}} {{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' $name; "
        "done > bridge.txt",
    ],
    rejected_by="list",
    reason="other-address",
    explain="A container has one address a network. Only those on bridge belong here.",
)
