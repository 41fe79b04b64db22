"""The three networks that the engine begins with, docker0, and the cable of a container."""

from __future__ import annotations

import ipaddress

from lab_engine.authoring import (
    ByHand,
    DockerContainerProbe,
    DockerContainersProbe,
    DockerNetworkProbe,
    FileProbe,
    Image,
    LinkProbe,
    ReachProbe,
    See,
    container,
    require,
)
from labs.docker_networking.values import WORK, Values, lab, named, running

CABLE = f"{WORK}/cable.txt"

step = lab.step("drivers", daemons=("docker",), resources=lambda _: [Image("busybox")])


@step.check("bb1", points=2)
async def bb1(see: See, v: Values) -> None:
    found, every, bridge = await see(
        DockerContainerProbe("bb1"), DockerContainersProbe(), DockerNetworkProbe("bridge")
    )
    others = [one.name for one in every.containers if one.state == "running"]
    require(
        found.exists or not others,
        "other-name",
        expected="There is a container called bb1.",
        observed=f"There is {named(others)}.",
        look="docker ps -a",
    )
    running(found, "bb1")
    require(
        set(found.networks) == {"bridge"},
        "other-network",
        expected="bb1 is on the network bridge, and on no other.",
        observed=f"It is on {named(found.networks)}.",
        look="docker inspect -f '{{json .NetworkSettings.Networks}}' bb1 | jq",
    )
    address = found.networks["bridge"].address
    require(
        address and ipaddress.ip_address(address) in ipaddress.ip_network(bridge.subnets[0]),
        "no-address",
        expected=f"bb1 has an address in {bridge.subnets[0]}.",
        observed=f"Its address is {address or 'missing'}.",
        look="docker exec bb1 ip addr",
    )
    ping = await see(ReachProbe(address))
    require(
        ping.reached,
        "no-answer",
        expected=f"bb1 answers a ping to {address} from the bench.",
        observed=f"{ping.sent} pings, no answer.",
        look=f"ping -c1 {address}",
    )


def interface_in(text: str) -> str:
    """The name of an interface, as `ip link` and others print it (`5: veth1@if4:`)."""
    words = [word for word in text.replace(":", " ").split() if not word.isdecimal()]
    return words[0].partition("@")[0] if words else text.strip()


@step.check("cable", points=2)
async def cable(see: See, v: Values) -> None:
    note, eth0 = await see(FileProbe(CABLE), LinkProbe("eth0", place=container("bb1")))
    require(
        eth0.exists and eth0.peer,
        "no-cable",
        expected="bb1 runs and has an interface eth0.",
        observed="There is no running bb1 with an eth0.",
        look="docker ps -a",
    )
    require(
        note.exists and note.content.strip(),
        "no-note",
        expected="The file cable.txt in your work folder names an interface.",
        observed="The file is empty." if note.exists else "There is no such file.",
        look="ls -l ~/work",
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
step.near_miss(
    "ended at once",
    lambda _: ["docker run -d --name=bb1 busybox"],
    rejected_by="bb1",
    reason="not-running",
    explain="A container lives as long as its first process. busybox starts a shell, and a shell "
    "without a terminal has nothing to read and ends. Add -it, or give it a command that lasts.",
)
step.near_miss(
    "on the host's network",
    lambda _: ["docker run -itd --name=bb1 --network=host busybox"],
    rejected_by="bb1",
    reason="other-network",
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
