"""Statements about namespaces, cables, routes and ways, on the kernel's own networks."""

from __future__ import annotations

import pytest

from lab_engine.authoring import (
    See,
    place,
    require_link,
    require_netns,
    require_port,
    require_reaches,
    require_route,
)
from tests.requirements.conftest import Stage, Statement

pytestmark = [pytest.mark.bench]

RED = place.host("red")
ROOM = "sudo ip netns add red; sudo ip -n red link set lo up"
CABLE = "sudo ip link add v-red type veth peer name eth0 netns red"
INNER = "sudo ip -n red addr add 10.9.0.2/24 dev eth0; sudo ip -n red link set eth0 up"
OUTER = "sudo ip addr add 10.9.0.1/24 dev v-red; sudo ip link set v-red up"
WIRED = f"{ROOM}; {CABLE}; {INNER}; {OUTER}"
CLEAR = (
    "sudo pkill -f '[h]ttp.server 8099' || true; sudo ip link del v-red 2>/dev/null || true; "
    "sudo ip link del br-x 2>/dev/null || true; "
    "for n in blue red; do while sudo umount -l /run/netns/$n 2>/dev/null; do :; done; done; "
    "sudo rm -f /run/netns/red /run/netns/blue; sudo ip link del eth0 2>/dev/null || true; "
    "sudo ip link del way 2>/dev/null || true; "
    "sudo ip addr del 10.9.0.2/32 dev lo 2>/dev/null || true"
)


async def netns(see: See) -> None:
    await require_netns(see, "red", loopback=True)


async def cable(see: See) -> None:
    await require_link(see, "eth0", RED, kind="veth", peer="v-red", addresses=["10.9.0.2/24"])


async def outer(see: See) -> None:
    await require_link(see, "v-red", peer="eth0", peer_at=RED)


async def port_of_bridge(see: See) -> None:
    await require_link(see, "v-red", master="br-x")


async def reaches(see: See) -> None:
    await require_reaches(see, "10.9.0.2", wire="v-red")


async def back(see: See) -> None:
    await require_reaches(see, "10.9.0.1", RED, wire="eth0")


async def route(see: See) -> None:
    await require_route(see, "default", RED, via="10.9.0.1", dev="eth0")


async def port(see: See) -> None:
    await require_port(see, 8099, RED, address="10.9.0.2", program="python3.13")


async def talks(see: See) -> None:
    await require_reaches(see, "10.9.0.2", wire="v-red", port=8099)


SERVE = "setsid -f python3 -m http.server 8099 --bind {} >/dev/null 2>&1; sleep 0.5"


@pytest.mark.parametrize(
    ("statement", "script", "reason"),
    [
        (netns, ROOM, "pass"),
        (netns, "sudo mkdir -p /run/netns; sudo touch /run/netns/red; "
         "sudo unshare --net=/run/netns/red ip link set lo up", "pass"),
        (netns, "true", "no-namespace"),
        (netns, "sudo ip netns add red", "loopback-down"),
        (netns, "sudo mkdir -p /run/netns; sudo touch /run/netns/red", "no-namespace"),
        (netns, "sudo mkdir -p /run/netns; sudo touch /run/netns/red; "
         "sudo mount --bind /proc/1/ns/net /run/netns/red", "same-namespace"),
        (netns, f"{ROOM}; sudo touch /run/netns/blue; "
         "sudo mount --bind /run/netns/red /run/netns/blue", "same-namespace"),
        (cable, WIRED, "pass"),
        (cable, f"{ROOM}; sudo ip link add v-red type veth peer name in; "
         f"sudo ip link set in netns red name eth0; {INNER}; {OUTER}", "pass"),
        (cable, f"{ROOM}; sudo ip -n red link add eth0 type veth peer name v-red netns 1; "
         f"{INNER}; {OUTER}", "pass"),
        (cable, f"{ROOM}", "no-link"),
        (cable, f"{ROOM}; sudo ip link add v-red type veth peer name eth0; {OUTER}", "no-link"),
        (cable, f"{ROOM}; sudo ip -n red link add eth0 type veth peer name v-red; {INNER}",
         "other-end"),
        (cable, f"{ROOM}; sudo ip -n red link add eth0 type veth peer name x; "
         "sudo ip link add v-red type bridge; sudo ip -n red link set x netns 1 name way; "
         f"{INNER}", "other-end"),
        (cable, f"{ROOM}; sudo ip -n red link add eth0 type bridge; {INNER}", "other-kind"),
        (cable, f"{ROOM}; {CABLE}; {OUTER}; sudo ip -n red addr add 10.9.0.2 dev eth0; "
         "sudo ip -n red link set eth0 up", "no-address"),
        (cable, f"{ROOM}; {CABLE}; {OUTER}; sudo ip -n red addr add 10.9.0.2/24 dev eth0", "down"),
        (cable, f"{ROOM}; {CABLE}; {INNER}", "no-carrier"),
        (outer, WIRED, "pass"),
        (outer, "sudo mkdir -p /run/netns; sudo touch /run/netns/red; sudo mount --bind "
         "/proc/1/ns/net /run/netns/red; sudo ip link add v-red type veth peer name eth0; "
         "sudo ip link set v-red up; sudo ip link set eth0 up", "other-end"),
        (port_of_bridge, f"{WIRED}; sudo ip link add br-x type bridge; "
         "sudo ip link set v-red master br-x", "pass"),
        (port_of_bridge, f"{WIRED}; sudo ip link add br-x type bridge", "other-master"),
        (reaches, WIRED, "pass"),
        (reaches, f"{ROOM}; {CABLE}; {INNER}", "no-answer"),
        (reaches, f"{ROOM}; {CABLE}; {OUTER}; sudo ip addr add 10.9.0.2/32 dev lo", "not-through"),
        (reaches, "sudo ip link add way type bridge; sudo ip addr add 10.9.0.2/24 dev way; "
         "sudo ip link set way up", "not-through"),
        (back, WIRED, "pass"),
        (back, f"{WIRED}; sudo ip -n red addr add 10.9.0.1/32 dev lo", "not-through"),
        (route, f"{WIRED}; sudo ip -n red route add default via 10.9.0.1", "pass"),
        (route, f"{WIRED}; sudo ip netns exec red ip route add 0.0.0.0/0 via 10.9.0.1 dev eth0",
         "pass"),
        (route, WIRED, "no-route"),
        (route, f"{WIRED}; sudo ip -n red route add default via 10.9.0.7", "other-gateway"),
        (route, f"{WIRED}; sudo ip -n red route add default via 10.9.0.1 metric 100; "
         "sudo ip -n red route add default dev eth0 metric 5", "other-gateway"),
        (route, f"{WIRED}; sudo ip route add 203.0.113.0/24 dev v-red", "no-route"),
        (port, f"{WIRED}; sudo ip netns exec red {SERVE.format('10.9.0.2')}", "pass"),
        (port, f"{WIRED}; sudo ip netns exec red {SERVE.format('0.0.0.0')}", "other-address"),
        (port, f"{WIRED}; {SERVE.format('10.9.0.1')}", "no-server"),
        (port, f"{WIRED}; sudo ip netns exec red setsid -f bash -c "
         "'exec -a python3.13 nc -l 10.9.0.2 8099' >/dev/null 2>&1; sleep 0.5",
         "other-program"),
        (talks, f"{WIRED}; sudo ip netns exec red {SERVE.format('0.0.0.0')}", "pass"),
        (talks, WIRED, "no-connection"),
    ],
)  # fmt: skip
async def test_wires(stage: Stage, statement: Statement, script: str, reason: str) -> None:
    try:
        await stage.type(script)
        assert await stage.reason(statement, settled=reason) == reason
    finally:
        await stage.type(f"{CLEAR}; sudo pkill -f '[l] 10.9.0.2 8099' || true")
