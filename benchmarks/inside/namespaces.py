"""N namespaces, each with a cable to one bridge and an address. `N ROUNDS [PEER...]`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.inside.provisioning import up_and_down
from lab_engine.common.resource import Resource
from lab_engine.families.netlink.resources import Address, Bridge, End, Host, Link

MININET = """
import json, sys, time
from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.nodelib import LinuxBridge
from mininet.topo import SingleSwitchTopo

setLogLevel("critical")
began = time.perf_counter()
net = Mininet(topo=SingleSwitchTopo(int(sys.argv[1])), controller=None, switch=LinuxBridge)
net.start()
made = time.perf_counter()
net.stop()
print(json.dumps([made - began, time.perf_counter() - made]))
"""


def address(index: int) -> str:
    return f"10.0.{(index + 1) >> 8}.{(index + 1) & 255}/16"


def wanted(number: int) -> list[Resource]:
    found: list[Resource] = [Bridge("bm0")]
    for i in range(number):
        found.append(Host(f"h{i}"))
        found.append(Link(f"l{i}", a=End(f"p{i}", bridge="bm0"), b=End("eth0", host=f"h{i}")))
        found.append(
            Address(f"a{i}", cidr=address(i), interface="eth0", host=f"h{i}", link=f"l{i}")
        )
    return found


def script(number: int) -> tuple[str, str]:
    """The same as commands of iproute2, one process each, and their undoing."""
    up = ["set -e", "ip link add bm0 type bridge", "ip link set bm0 up"]
    down = ["set -e"]
    for i in range(number):
        up += [
            f"ip netns add h{i}",
            f"ip link add p{i} type veth peer name eth0 netns h{i}",
            f"ip link set p{i} master bm0 up",
            f"ip -n h{i} link set lo up",
            f"ip -n h{i} addr add {address(i)} dev eth0",
            f"ip -n h{i} link set eth0 up",
        ]
        down += [f"ip link del p{i}", f"ip netns del h{i}"]
    return "\n".join(up), "\n".join([*down, "ip link del bm0"])


def by_ip(number: int) -> tuple[float, float]:
    times: list[float] = []
    for text in script(number):
        began = time.perf_counter()
        subprocess.run(["sh"], input=text, text=True, check=True, capture_output=True, timeout=600)
        times.append(time.perf_counter() - began)
    return times[0], times[1]


def mininet(number: int) -> tuple[float, float]:
    done = subprocess.run(
        ["/usr/bin/python3", "-c", MININET, str(number)],
        check=True, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    up, down = json.loads(done.stdout.splitlines()[-1])
    return up, down


SIDES: dict[str, Callable[[int], tuple[float, float]]] = {
    "infralab": lambda number: up_and_down(wanted(number)),
    "ip commands": by_ip,
    "Mininet": mininet,
}


def main(number: int, rounds: int, peers: list[str]) -> dict[str, list[tuple[float, float]]]:
    sides = {who: SIDES[who] for who in ("infralab", *peers)}
    found: dict[str, list[tuple[float, float]]] = {who: [] for who in sides}
    for _ in range(rounds):
        for who, run in sides.items():
            found[who].append(run(number))
            time.sleep(0.5)  # the kernel frees namespaces after the call
    return found


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])))
