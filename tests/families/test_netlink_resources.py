"""What network resources refuse, what they need, and which subnets get in each other's way."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from lab_engine.common import place
from lab_engine.common.resource import Need, Resource
from lab_engine.errors import ResourceError
from lab_engine.families.docker.resources import DockerNetwork
from lab_engine.families.libvirt.resources import VirtualNetwork
from lab_engine.families.netlink.probes.network import LinkProbe
from lab_engine.families.netlink.probes.reach import HttpProbe
from lab_engine.families.netlink.resources import (
    Address,
    Bridge,
    End,
    Filter,
    Host,
    Link,
    Nat,
    Route,
    Rule,
)
from lab_engine.families.registry import AnyResource
from lab_engine.families.subnets import clashes

WRONG: list[tuple[Callable[[], Resource], str]] = [
    (lambda: Host("a/b"), "name"),
    (lambda: Host("x" * 64), "name"),
    (lambda: Bridge("a-name-of-sixteen"), "name"),
    (lambda: Bridge("lo"), "name"),
    (lambda: Bridge("br0", mtu=10), "mtu"),
    (lambda: Link("l", a=End("white space"), b=End("b")), "a.interface"),
    (lambda: Link("l", a=End("a"), b=End("b:1")), "b.interface"),
    (lambda: Link("l", a=End("a"), b=End("a")), "b.interface"),
    (lambda: Link("l", a=End("a", mac="02:00:00:00:00"), b=End("b")), "a.mac"),
    (lambda: Link("l", a=End("a", mac="01:00:00:00:00:01"), b=End("b")), "a.mac"),
    (lambda: Link("l", a=End("a", bridge="x", master="y"), b=End("b")), "a.master"),
    (lambda: Address("a", cidr="10.0.0.1", bridge="br0"), "cidr"),
    (lambda: Address("a", cidr="10.0.0.0/24", bridge="br0"), "cidr"),
    (lambda: Address("a", cidr="10.0.0.255/24", bridge="br0"), "cidr"),
    (lambda: Address("a", cidr="ten/24", bridge="br0"), "cidr"),
    (lambda: Address("a", cidr="10.0.0.1/24", interface="eth0"), "link"),
    (lambda: Address("a", cidr="10.0.0.1/24", link="l"), "interface"),
    (lambda: Address("a" * 41, cidr="10.0.0.1/24"), "name"),
    (lambda: Route("r", to="10.0.0.1/24", via="10.0.0.2"), "to"),
    (lambda: Route("r", to="default"), "via"),
    (lambda: Route("r", to="default", via="fd00::1"), "via"),
    (lambda: Nat("n", action="masquerade"), "source"),
    (lambda: Nat("n", action="masquerade", source="10.0.0.0/8", port=1), "protocol"),
    (lambda: Nat("n", action="dnat", protocol="tcp", port=80), "to_address"),
    (lambda: Nat("n", action="dnat", port=80, to_address="10.0.0.1"), "protocol"),
    (lambda: Filter("f", hook="input", rules=()), "rules"),
    (lambda: Filter("f", hook="input", rules=(Rule("drop", port=80),)), "rules[0].port"),
    (lambda: Filter("f", hook="input", rules=(Rule("drop", source="x"),)), "rules[0].source"),
]


@pytest.mark.parametrize(("make", "field"), WRONG)
def test_wrong_fields_are_named(make: Callable[[], Resource], field: str) -> None:
    with pytest.raises(ResourceError) as caught:
        make()
    assert caught.value.field == field
    assert f"field {field}:" in caught.value.message


def test_needs_come_from_references() -> None:
    link = Link("l", a=End("v", bridge="br0"), b=End("eth0", host="h", bridge="br1"))
    assert set(link.needs()) == {Need("host/h"), Need("bridge/br0"), Need("bridge/br1")}
    address = Address("a", cidr="10.0.0.1/24", interface="eth0", host="h", link="l")
    assert set(address.needs()) == {Need("host/h"), Need("link/l")}
    assert Need("bridge/br0") in Address("b", cidr="10.0.0.1/24", bridge="br0").needs()
    route = Route("r", to="default", via="10.0.0.2", host="h", address="a")
    assert set(route.needs()) == {Need("host/h"), Need("address/a")}
    assert Host("h").needs() == ()


def test_resources_survive_the_wire() -> None:
    every: list[AnyResource] = [
        Link("l", a=End("v"), b=End("eth0", host="h")),
        Filter("f", hook="input", rules=(Rule("accept", state=("new",)),)),
        Address("a", cidr="fd00::1/64", bridge="br0"),
    ]
    raw = msgspec.json.encode(every)
    assert msgspec.json.decode(raw, type=list[AnyResource]) == every


def lan(count: int) -> list[Resource]:
    """Hosts on one bridge, each with an address of one network."""
    found: list[Resource] = [Bridge("br0", host="sw"), Host("sw")]
    for i in range(count):
        found += [
            Host(f"h{i}"),
            Link(f"l{i}", a=End(f"v{i}", host="sw", bridge="br0"), b=End("eth0", host=f"h{i}")),
            Address(
                f"a{i}",
                cidr=f"10.0.{i // 250}.{i % 250 + 1}/16",
                interface="eth0",
                host=f"h{i}",
                link=f"l{i}",
            ),
        ]
    return found


def test_one_network_on_one_wire_is_no_clash() -> None:
    assert clashes(lan(300)) == []


def test_one_network_twice_on_different_wires_is_no_clash() -> None:
    two: list[Resource] = [
        Link("x", a=End("x", host="a"), b=End("x", host="b")),
        Link("y", a=End("y", host="c"), b=End("y", host="d")),
        Address("ax", cidr="10.0.0.1/24", interface="x", host="a", link="x"),
        Address("cy", cidr="10.0.0.1/24", interface="y", host="c", link="y"),
    ]
    assert clashes(two) == []


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (Address("x", cidr="10.0.0.1/16", bridge="br0", host="sw"), "both 10.0.0.1 on one wire"),
        (Address("x", cidr="10.0.9.9/24", bridge="br0", host="sw"), "on one wire and differ"),
        (Address("x", cidr="10.0.9.9/32", host="h1"), "two interfaces of host 'h1'"),
        (Address("x", cidr="172.17.8.1/24", bridge="br1"), "docker0"),
    ],
)
def test_clashes_are_found(extra: Resource, words: str) -> None:
    (problem,) = clashes([*lan(3), extra])
    assert words in problem
    assert "address/x" in problem


def test_docker_networks_are_interfaces_of_the_bench() -> None:
    address = Address("x", cidr="10.7.0.1/24", bridge="br1")
    (problem,) = clashes([address, DockerNetwork("net1", subnet="10.7.0.0/16")])
    assert "docker-network/net1" in problem
    assert clashes([DockerNetwork("net1", subnet="10.7.0.0/16")]) == []
    guests = VirtualNetwork("guests", subnet="10.7.4.0/24")
    assert len(clashes([guests, DockerNetwork("net1", subnet="10.7.0.0/16")])) == 1


def test_places() -> None:
    assert place.parse("bench") == ("bench", "")
    assert place.parse(place.container("web")) == ("container", "web")
    assert place.host("") == place.BENCH
    assert place.prefix("host:h1") == "sudo ip netns exec h1 "
    for wrong in ("", "bench:x", "host", "host:", "host:a/b", "host:..", "pid:x", "vm:x"):
        with pytest.raises(ValueError, match="no place"):
            place.parse(wrong)
        with pytest.raises(ValueError, match="no place"):
            LinkProbe("eth0", wrong)
    with pytest.raises(ValueError, match="http://"):
        HttpProbe("ftp://x")
