"""The three networks that the engine begins with, docker0, and the cable of a container."""

from __future__ import annotations

import ipaddress
import re

from lab_engine.authoring import (
    ByHand,
    DockerContainersProbe,
    DockerNetworkProbe,
    Image,
    LinkProbe,
    LinksProbe,
    See,
    container,
    require,
    require_file,
)
from labs.docker_networking.values import (
    ENDED,
    RESTARTING,
    WORK,
    Values,
    lab,
    named,
    runs,
)

CABLE = f"{WORK}/cable.txt"

step = lab.step("drivers", daemons=("docker",), resources=lambda _: [Image("busybox")])


@step.check("bb1", points=2)
async def bb1(see: See, v: Values) -> None:
    every, bridge = await see(DockerContainersProbe(), DockerNetworkProbe("bridge"))
    others = [one.name for one in every.containers if one.state == "running"]
    require(
        not others or any(one.name == "bb1" for one in every.containers),
        "other-name",
        expected="There is a container called bb1.",
        observed=f"There is {named(others)}.",
        look="docker ps -a",
    )
    found = await runs(see, "bb1")
    require(
        "bridge" in found.networks,
        "other-networks",
        expected="bb1 is on the default network, bridge.",
        observed=f"It uses the network of {found.shares_with}."
        if found.shares_with
        else f"It is on {named(found.networks)}.",
        look="docker inspect -f '{{json .NetworkSettings.Networks}}' bb1",
    )
    address = found.networks["bridge"].address
    require(
        address and ipaddress.ip_address(address) in ipaddress.ip_network(bridge.subnets[0]),
        "no-address",
        expected=f"bb1 has an address in {bridge.subnets[0]}.",
        observed=f"Its address is {address or 'missing'}.",
        look="docker exec bb1 ip addr",
    )


def interface_in(text: str) -> str:
    """The name of an interface, as `ip link` and others print it (`5: veth1@if4:`)."""
    words = [word for word in text.replace(":", " ").split() if not word.isdecimal()]
    return words[0].partition("@")[0] if words else text.strip()


@step.check("cable", points=2)
async def cable(see: See, v: Values) -> None:
    eth0, there = await see(LinkProbe("eth0", place=container("bb1")), LinksProbe())
    require(
        eth0.exists and eth0.peer,
        "no-cable",
        expected="bb1 runs and has an interface eth0.",
        observed="There is no running bb1 with an eth0.",
        look="docker ps -a",
    )
    note = await require_file(see, CABLE)
    require(
        note.whole and note.content.strip(),
        "no-name",
        expected="The file cable.txt in your work folder names an interface.",
        observed=f"It has {note.size} bytes.",
        look="ls -l ~/work",
    )
    ends = {word.partition("@")[0] for word in re.findall(r"veth[\w@]+", note.content)}
    # By lines, since one line of `ip -o link` tells of docker0, too.
    first = {interface_in(line) for line in note.content.splitlines() if line.strip()}
    ends |= first & {link.name for link in there.links}
    require(
        len(ends) < 2,
        "several",
        expected="cable.txt names one interface of the bench.",
        observed=f"It names {', '.join(sorted(ends))}.",
        look="cat ~/work/cable.txt",
    )
    said = interface_in(note.content)
    require(
        not said.isdecimal(),
        "a-number",
        expected="cable.txt holds the name of an interface of the bench.",
        observed=f"It holds the number {said}.",
        look="ip -o link",
    )
    require(
        said not in ("eth0", "docker0"),
        "not-the-far-end",
        expected="cable.txt names the bench's end of bb1's cable.",
        observed=f"It says {said}.",
        look="ip -o link; docker exec bb1 cat /sys/class/net/eth0/iflink",
    )
    require(
        said == eth0.peer,
        "another-end",
        expected="cable.txt names the bench's end of bb1's cable.",
        observed=f"It says {said}; that is not where bb1's eth0 ends now.",
        look="ip -o link; docker exec bb1 cat /sys/class/net/eth0/iflink",
    )


step.solution(
    "by number",
    lambda _: [
        "docker container run -itd --name=bb1 busybox /bin/sh",
        "number=$(docker exec bb1 cat /sys/class/net/eth0/iflink)",
        ByHand(
            "ip -o link | grep \"^$number:\" | cut -d' ' -f2 > cable.txt",
            typed="ip -o link; echo vethXXXXXXX > cable.txt",
        ),
    ],
)
step.solution(
    "by the bridge's ports",
    lambda _: [
        "docker create --name bb1 --network bridge busybox sleep 1d",
        "docker start bb1",
        "ls /sys/class/net/docker0/brif > cable.txt",
    ],
)
step.solution(
    "an image by its id, and the name among other things",
    lambda _: [
        "docker run -d --name bb1 $(docker image inspect -f '{{.Id}}' busybox) sleep 1d",
        "ip -o link show master docker0 > cable.txt",
    ],
)
step.near_miss(
    "ended at once",
    lambda _: ["docker run -d --name=bb1 busybox"],
    rejected_by="bb1",
    reason="ended",
    explain=ENDED,
)
step.near_miss(
    "started again and again",
    lambda _: [
        "docker run -d --name=bb1 --restart=always busybox",
        "until [ $(docker inspect -f '{{.RestartCount}}' bb1) -gt 0 ]; do sleep 0.1; done",
    ],
    rejected_by="bb1",
    reason="restarting",
    explain=RESTARTING,
)
step.near_miss(
    "on the host's network",
    lambda _: ["docker run -itd --name=bb1 --network=host busybox"],
    rejected_by="bb1",
    reason="other-networks",
    explain="This step is about the default: leave --network out, and the container goes to "
    "bridge.",
)
step.near_miss(
    "under another name",
    lambda _: ["docker run -itd --name=b1 busybox"],
    rejected_by="bb1",
    reason="other-name",
    explain="A container runs, but not under the name bb1. `docker rename` can mend that.",
)
step.near_miss(
    "the container's own end",
    lambda _: [
        "docker run -itd --name=bb1 busybox",
        "docker exec bb1 ip -o link | grep -o eth0 > cable.txt",
    ],
    rejected_by="cable",
    reason="not-the-far-end",
    explain="eth0 is the end inside the container, docker0 is the switch. The cable's other end is "
    "a veth interface of the bench.",
)
step.near_miss(
    "the switch instead of the cable",
    lambda _: ["docker run -itd --name=bb1 busybox", "echo docker0 > cable.txt"],
    rejected_by="cable",
    reason="not-the-far-end",
    explain="eth0 is the end inside the container, docker0 is the switch. The cable's other end is "
    "a veth interface of the bench.",
)
step.near_miss(
    "only its number",
    lambda _: [
        "docker run -itd --name=bb1 busybox",
        "docker exec bb1 cat /sys/class/net/eth0/iflink > cable.txt",
    ],
    rejected_by="cable",
    reason="a-number",
    explain="That is the right interface's number. Look up in `ip link` which name goes with it.",
)
step.near_miss(
    "all cables of the bridge",
    lambda _: [
        "docker run -itd --name=bb0 busybox",
        "docker run -itd --name=bb1 busybox",
        "ls /sys/class/net/docker0/brif > cable.txt",
    ],
    rejected_by="cable",
    reason="several",
    explain="The file names more than one interface. Only one of them is the end of bb1's cable.",
)
step.near_miss(
    "the cable of another container",
    lambda _: [
        "docker run -itd --name=bb0 busybox",
        "ls /sys/class/net/docker0/brif > cable.txt",
        "docker run -itd --name=bb1 busybox",
    ],
    rejected_by="cable",
    reason="another-end",
    explain="Every container has a cable of its own. This one belongs to another container, or to "
    "an earlier bb1: a cable goes with its container.",
)
