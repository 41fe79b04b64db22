"""What only the network's providers owe, in a bench, in a network of the test's own.

What all providers owe is in `obligations`.
"""

from __future__ import annotations

import errno
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pyroute2.netlink.rtnl import RTM_DELADDR

from lab_engine.agent.providers import provider
from lab_engine.common.probe import RESYNC
from lab_engine.common.resource import Resource
from lab_engine.errors import ProviderError
from lab_engine.families.netlink.agent import interfaces, namespaces, removal, requests
from lab_engine.families.netlink.agent.events import NetlinkEvents
from lab_engine.families.netlink.agent.inventory import network as network_inventory
from lab_engine.families.netlink.agent.readers.reach import reach
from lab_engine.families.netlink.agent.rtnl import Refused, rtnl, rtnl_of
from lab_engine.families.netlink.probes.reach import ReachProbe
from lab_engine.families.netlink.resources import Address, Bridge, End, Host, Link, Nat, Route
from lab_engine.families.provider import Mark, Owned, Provider
from lab_engine.kernel import syscalls
from tests.families.cases_netlink import CABLE, LEFT, LEFT_ADDRESS, RIGHT
from tests.families.own_network import ALWAYS_THERE, own_network, sh

MARK = Mark("contract-test")
KINDS = ("host", "bridge", "link", "address", "route", "nat", "filter")

pytestmark = [pytest.mark.bench, pytest.mark.inside]


@pytest.fixture(autouse=True)
def place() -> Iterator[None]:
    with own_network():
        yield


def make(*resources: Resource) -> None:
    for resource in resources:
        provider(resource.kind()).create(resource, MARK, lambda _: None)


def look(its: Provider[Any], resource: Resource, mark: Mark = MARK) -> tuple[bool, bool, str]:
    seen = its.observe([resource], mark)[resource.name]
    return seen.present, seen.ours, seen.drift


def names() -> set[str]:
    """The keys of all that is in the test's network."""
    return {key for key in network_inventory.entries() if not key.startswith(ALWAYS_THERE)}


def test_destroy_finds_what_another_process_made() -> None:
    make(LEFT, RIGHT, CABLE, LEFT_ADDRESS)
    interfaces.whereabouts.forget(MARK.text(CABLE.key))
    provider("link").destroy("cable", MARK)
    assert look(provider("link"), CABLE) == (False, False, "")
    assert look(provider("address"), LEFT_ADDRESS)[0] is False


def test_what_a_crash_left_of_a_link_is_ours() -> None:
    text = MARK.text("link/cable")
    with rtnl(None) as connection:
        data = (("VETH_INFO_PEER", interfaces.named("two", text)),)
        connection.do(interfaces.request("one", "veth", data, text))
    wanted = Link("cable", a=End("one"), b=End("two"))
    present, ours, drift = look(provider("link"), wanted)
    assert (present, ours) == (True, True)
    assert "down" in drift
    provider("link").destroy("cable", MARK)
    assert look(provider("link"), wanted) == (False, False, "")


def test_what_a_crash_left_of_a_host_is_ours() -> None:
    (namespaces.FOLDER / "left").write_text(MARK.text("host/left"))
    assert look(provider("host"), LEFT)[:2] == (True, True)
    assert list(provider("host").owned()) == [Owned("host/left", MARK.session)]
    provider("host").destroy("left", MARK)
    assert look(provider("host"), LEFT) == (False, False, "")


def test_ip_netns_works_with_our_hosts_and_we_with_its() -> None:
    make(LEFT)
    sh("ip netns add theirs")
    assert set(sh("ip netns list").split()) == {"left", "theirs"}
    assert "127.0.0.1" in sh("ip netns exec left ip -br addr show lo")
    assert namespaces.names() == ["left", "theirs"]
    sh("ip netns del left")
    assert look(provider("host"), LEFT) == (False, False, "")


def test_a_refused_batch_reaches_nobody_else() -> None:
    """The kernel goes on after a refusal, so nothing of a request may name what exists."""
    sh("ip link add port1 type bridge; ip link set port1 alias theirs")
    with pytest.raises(ProviderError):
        make(Link("cable", a=End("port1"), b=End("port2")))
    assert "theirs" in sh("ip link show port1")
    assert "port2" not in sh("ip -br link")


def test_what_went_with_its_interface_is_fine_to_remove_and_nothing_else() -> None:
    sh("ip link add one type veth peer name two")
    sh("ip addr add 10.9.0.1/24 dev one; ip link set one up")
    with rtnl(None) as connection:
        there = connection.link("one")
        assert there is not None
        gone = requests.address(RTM_DELADDR, there.index, "10.9.0.1/24")
        connection.remove(gone)
        connection.remove(gone)
        sh("ip link del two")
        connection.remove(gone)
        with pytest.raises(Refused, match="not found"):
            connection.do(gone)
        with pytest.raises(Refused):
            connection.remove(requests.remove_link(1))


def test_a_missing_bridge_leaves_a_marked_link() -> None:
    wanted = Link("cable", a=End("one", bridge="br-lab"), b=End("two"))
    with pytest.raises(ProviderError) as caught:
        make(wanted)
    assert "br-lab" in caught.value.message
    provider("link").destroy("cable", MARK)
    assert names() == {"link/lo"}


def test_errors_say_what_to_do() -> None:
    make(LEFT)
    for wanted in (
        Address("a", cidr="10.0.0.1/24", interface="eth9", host="left", link="x"),
        Route("r", to="default", via="10.5.5.5", host="left"),
        Bridge("br0", host="nowhere"),
        Nat("n", action="masquerade", source="10.0.0.0/8", host="nowhere"),
    ):
        with pytest.raises(ProviderError) as caught:
            make(wanted)
        assert wanted.key in caught.value.message
        assert caught.value.hint


def test_links_go_together_whoever_asks() -> None:
    names = [f"v{number}" for number in range(40)]
    for name in names:
        sh(f"ip link add {name} type veth peer name {name}p")
    sh("ip link add stays type bridge")
    with rtnl(None) as connection:
        indexes = {link.name: link.index for link in connection.links()}
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    def go(name: str) -> None:
        # Both ends of a pair are asked for: the second is gone before its turn.
        for end in (name, f"{name}p"):
            removal.remove_link(home, indexes[end])

    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(go, names))
    finally:
        os.close(home)
    assert {link.split()[0] for link in sh("ip -br link").splitlines()} == {"lo", "stays"}


def test_the_kernels_own_words_are_kept() -> None:
    with rtnl(None) as connection, pytest.raises(Refused) as caught:
        connection.do(requests.make_link("veth", (), ("IFLA_IFNAME", "x" * 40)))
    assert caught.value.errno == errno.ERANGE
    assert "Attribute failed policy validation" in (caught.value.strerror or "")


def test_a_thread_comes_back_from_a_namespace() -> None:
    make(LEFT)
    home = os.stat("/proc/thread-self/ns/net").st_ino

    def fail(descriptor: int | None) -> None:
        with namespaces.inside(descriptor):
            assert os.stat("/proc/thread-self/ns/net").st_ino != home
            raise RuntimeError("inside")

    with namespaces.of_host("left") as descriptor, pytest.raises(RuntimeError):
        fail(descriptor)
    assert os.stat("/proc/thread-self/ns/net").st_ino == home


def wait_until(true: Callable[[], bool], about: object = "") -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, about
        time.sleep(0.02)


def test_events_come_by_topic_and_what_was_missed_is_told() -> None:
    heard: list[str] = []
    goes_on = threading.Event()
    goes_on.set()

    def hear(topic: str, _: str) -> None:
        goes_on.wait(30)
        heard.append(topic)

    def settled() -> None:
        # The thread listens when it hears of something; the kernel repeats nothing.
        while not heard:
            sh("ip link set lo mtu 65535; ip link set lo mtu 65536")
            time.sleep(0.05)

    source = NetlinkEvents(hear)
    source.start()
    try:
        settled()
        sh("nft add table ip one")
        wait_until(lambda: "nft" in heard, heard)
        sh("ip link add one type bridge; ip link set one up; ip addr add 10.9.0.1/24 dev one")
        wait_until(lambda: {"link", "address", "route"} <= set(heard), heard)
        heard.clear()
        goes_on.clear()
        lines = "; ".join(f"echo link set one mtu {1400 + n % 2}" for n in range(3000))
        sh(f"({lines}) | ip -batch -")
        goes_on.set()
        wait_until(lambda: RESYNC in heard)
        heard.clear()
        settled()
        sh("nft add table ip two")
        wait_until(lambda: "nft" in heard, heard)
    finally:
        goes_on.set()
        source.stop()
    wait_until(lambda: "NetlinkEvents" not in {one.name for one in threading.enumerate()})


def numbers(path: str) -> int:
    return len(os.listdir(path))


def test_no_descriptor_is_left_open() -> None:
    resources = [
        Host("edge", forwarding=True),
        Nat("n", action="masquerade", source="10.0.0.0/8", host="edge"),
    ]
    make(*resources)
    before = numbers("/proc/self/fd")
    for _ in range(5):
        make(*resources)
        list(provider("link").owned())
        list(provider("nat").owned())
        provider("host").observe(resources[:1], MARK)
    assert numbers("/proc/self/fd") == before


def topology(count: int) -> list[Sequence[Resource]]:
    hosts = [Host(f"h{i}") for i in range(count)]
    links = [
        Link(f"l{i}", a=End(f"v{i}", bridge="br0"), b=End("eth0", host=f"h{i}"))
        for i in range(count)
    ]
    addresses = [
        Address(f"a{i}", cidr=f"10.8.0.{i + 1}/24", interface="eth0", host=f"h{i}", link=f"l{i}")
        for i in range(count)
    ]
    return [[Bridge("br0")], hosts, links, addresses]


def test_many_at_once() -> None:
    """Threads side by side, as the agent runs them; each enters the test's network first."""
    net = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    mnt = os.open("/proc/thread-self/ns/mnt", os.O_RDONLY)

    def enter() -> None:
        syscalls.unshare(syscalls.CLONE_FS)
        syscalls.setns(net, syscalls.CLONE_NEWNET)
        syscalls.setns(mnt, syscalls.CLONE_NEWNS)

    layers = topology(30)
    try:
        with ThreadPoolExecutor(4, initializer=enter) as pool:
            for layer in layers:
                list(pool.map(make, layer))
            for layer in layers:
                seen = provider(layer[0].kind()).observe(layer, MARK)
                assert all((s.present, s.ours, s.drift) == (True, True, "") for s in seen.values())
            assert reach(ReachProbe("10.8.0.30", "host:h0", seconds=2)).reached
            for layer in reversed(layers):
                its = provider(layer[0].kind())
                list(pool.map(lambda r, p=its: p.destroy(r.name, MARK), layer))
    finally:
        os.close(net)
        os.close(mnt)
    deadline = time.monotonic() + 5
    while (left := names()) != {"link/lo"}:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    assert [list(provider(kind).owned()) for kind in KINDS] == [[]] * len(KINDS)


def test_a_hosts_processes_keep_it_alive_but_not_its_name() -> None:
    make(LEFT)
    inside = subprocess.Popen(["ip", "netns", "exec", "left", "sleep", "30"])
    try:
        deadline = time.monotonic() + 5
        while os.stat(f"/proc/{inside.pid}/ns/net").st_ino != namespaces.inode("left"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        provider("host").destroy("left", MARK)
        assert look(provider("host"), LEFT) == (False, False, "")
        make(LEFT)
        assert look(provider("host"), LEFT) == (True, True, "")
    finally:
        inside.kill()
        inside.wait()


def test_an_end_that_was_moved_is_found_by_its_other_end() -> None:
    make(LEFT, RIGHT, Host("third"), CABLE)
    sh("ip -n left link set eth0 netns third")
    with rtnl_of("third") as connection:
        assert connection.link("eth0") is not None
    provider("link").destroy("cable", MARK)
    with rtnl_of("third") as connection:
        assert connection.link("eth0") is None
