"""The network's probes, answered by this kernel, and the inventory that lists and removes."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
from dns import rrset
from dns.flags import Flag
from dns.message import Message, from_wire, make_query, make_response
from dns.rcode import Rcode

from lab_engine.agent.providers import provider
from lab_engine.common.plan import ordered
from lab_engine.common.resource import Resource
from lab_engine.families.netlink.agent import namespaces
from lab_engine.families.netlink.agent.inventory import network as network_inventory
from lab_engine.families.netlink.agent.readers import namespaces as inhabitants_reader
from lab_engine.families.netlink.agent.readers import network as reader
from lab_engine.families.netlink.agent.readers import reach, traffic
from lab_engine.families.netlink.probes.firewall import FirewallProbe
from lab_engine.families.netlink.probes.namespaces import InhabitantsProbe, SystemVProbe
from lab_engine.families.netlink.probes.network import (
    AddressesProbe,
    BridgePortProbe,
    ForwardingProbe,
    LinkProbe,
    LinksProbe,
    NetworkNamespaceProbe,
    NetworkNamespacesProbe,
    RoutesProbe,
)
from lab_engine.families.netlink.probes.reach import (
    ConnectProbe,
    DnsProbe,
    DnsReading,
    HttpProbe,
    ReachProbe,
)
from lab_engine.families.netlink.probes.sockets import SocketsProbe
from lab_engine.families.netlink.probes.traffic import BurstProbe
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
from lab_engine.families.provider import Mark
from tests.families.own_network import ALWAYS_THERE, own_network, sh

MARK = Mark("reader-test")

pytestmark = [pytest.mark.bench, pytest.mark.inside]

ROUTED: tuple[Resource, ...] = (
    Host("a"),
    Host("b"),
    Host("r", forwarding=True),
    Bridge("br1", host="r"),
    Link("la", a=End("eth0", host="a"), b=End("va", host="r", bridge="br1")),
    Link("lb", a=End("vb", host="r"), b=End("eth0", host="b")),
    Address("aa", cidr="10.1.0.2/24", interface="eth0", host="a", link="la"),
    Address("ab", cidr="10.2.0.2/24", interface="eth0", host="b", link="lb"),
    Address("ra", cidr="10.1.0.1/24", host="r", bridge="br1"),
    Address("rb", cidr="10.2.0.1/24", interface="vb", host="r", link="lb"),
    Address("a6", cidr="fd00::2/64", interface="eth0", host="a", link="la"),
    Address("r6", cidr="fd00::1/64", host="r", bridge="br1"),
    Route("da", to="default", via="10.1.0.1", host="a", address="aa"),
    Route("db", to="10.1.0.0/24", via="10.2.0.1", dev="eth0", host="b", address="ab"),
    Nat(
        "out", action="dnat", protocol="tcp", port=8088, to_address="10.2.0.2", to_port=80, host="r"
    ),
    Filter(
        "guard",
        hook="input",
        host="b",
        rules=(
            Rule("drop", protocol="tcp", port=81),
            Rule("reject", protocol="tcp", port=82),
            Rule("drop", protocol="icmp", destination="10.2.0.3"),
        ),
    ),
)


@pytest.fixture(scope="module", autouse=True)
def place() -> Iterator[None]:
    with own_network():
        for resource in ordered(ROUTED):
            provider(resource.kind()).create(resource, MARK, lambda _: None)
        yield


def listening(host: str, address: str, port: int, kind: int = socket.SOCK_STREAM) -> socket.socket:
    with namespaces.of_host(host) as descriptor, namespaces.inside(descriptor):
        made = socket.socket(socket.AF_INET, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    if kind == socket.SOCK_STREAM:
        made.listen(4)
    return made


def test_link() -> None:
    seen = reader.link(LinkProbe("eth0", "host:a"))
    assert (seen.exists, seen.kind, seen.up, seen.state) == (True, "veth", True, "up")
    assert (seen.peer, seen.peer_place) == ("va", "host:r")
    assert {"10.1.0.2/24", "fd00::2/64"} <= set(seen.addresses)
    other = reader.link(LinkProbe("va", "host:r"))
    assert (other.master, other.peer_place) == ("br1", "host:a")
    assert not reader.link(LinkProbe("eth9", "host:a")).exists
    assert not reader.link(LinkProbe("a-name-that-is-too-long", "host:a")).exists
    assert not reader.link(LinkProbe("eth0", "host:nowhere")).exists
    assert not reader.link(LinkProbe("eth0", "pid:4000000")).exists


def test_links_addresses_routes_ports() -> None:
    assert set(reader.links(LinksProbe("host:r")).names) == {"lo", "br1", "va", "vb"}
    assert not reader.links(LinksProbe("host:nowhere")).exists
    addresses = reader.addresses(AddressesProbe("host:r"))
    assert "10.1.0.1/24" in addresses.of("br1")
    assert addresses.has("10.2.0.1")
    assert not addresses.has("10.2.0.1/16")
    assert [one.interface for one in addresses.within("10.2.0.0/24")] == ["vb"]
    (default,) = reader.routes(RoutesProbe("host:a")).to("default")
    assert (default.via, default.dev) == ("10.1.0.1", "eth0")
    port = reader.bridge_port(BridgePortProbe("va", "host:r"))
    assert (port.exists, port.bridge, port.state) == (True, "br1", "forwarding")
    assert not reader.bridge_port(BridgePortProbe("vb", "host:r")).exists


def test_namespaces_and_forwarding() -> None:
    one = reader.network_namespace(NetworkNamespaceProbe("r"))
    every = reader.network_namespaces(NetworkNamespacesProbe())
    assert one.exists
    assert one.forwarding
    assert every.namespaces["r"] == one.inode != every.bench
    assert not reader.network_namespace(NetworkNamespaceProbe("nowhere")).exists
    assert not reader.forwarding(ForwardingProbe("host:a")).ipv4


def test_firewall() -> None:
    seen = reader.firewall(FirewallProbe("host:b"))
    assert seen.tables == ("inet infralab-filter-guard",)
    assert len(seen.at("input")) == 3
    assert reader.firewall(FirewallProbe("host:a")).tables == ()


def test_reach() -> None:
    answered = reach.reach(ReachProbe("10.2.0.2", "host:a"))
    assert answered.reached
    assert answered.milliseconds is not None
    assert reach.reach(ReachProbe("fd00::1", "host:a")).reached
    silent = reach.reach(ReachProbe("10.1.0.77", "host:a", count=1, seconds=0.2))
    assert (silent.reached, silent.problem) == (False, "timeout")
    assert reach.reach(ReachProbe("10.2.0.2", count=1)).problem == "unreachable"
    assert not reach.reach(ReachProbe("10.2.0.2", "host:nowhere")).exists


def serve(listener: socket.socket, *answers: bytes, asked: list[bytes] | None = None) -> None:
    for answer in answers:
        peer, _ = listener.accept()
        with peer:
            asked = asked if asked is not None else []
            asked.append(peer.recv(4096))
            peer.sendall(answer)


def test_the_header_host_is_the_urls_or_what_is_asked_for() -> None:
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    asked: list[bytes] = []
    with closing(listening("b", "10.2.0.2", 80)) as listener:
        server = threading.Thread(
            target=serve, args=(listener, good, good, good), kwargs={"asked": asked}, daemon=True
        )
        server.start()
        assert reach.get(HttpProbe("http://10.2.0.2/", "host:a")).ok
        assert reach.get(HttpProbe("http://10.2.0.2/", "host:a", host="shop.test")).ok
        burst = BurstProbe("http://10.2.0.2/", "host:a", 1, 1, host="blog.test")
        assert traffic.burst(burst).answers == {"200": 1}
        server.join(5)
    hosts = [
        [line for line in words.split(b"\r\n") if line.lower().startswith(b"host:")]
        for words in asked
    ]
    assert hosts == [[b"Host: 10.2.0.2"], [b"Host: shop.test"], [b"Host: blog.test"]]
    with pytest.raises(ValueError, match="no name of a host"):
        HttpProbe("http://10.2.0.2/", host="a\r\nX-Evil: yes")


def test_http_and_connect() -> None:
    good = b"HTTP/1.1 200 OK\r\nX-Lab: yes\r\nContent-Length: 5\r\n\r\nhello"
    with closing(listening("b", "10.2.0.2", 80)) as listener:
        answers = (
            good,
            b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
            b"garbage\r\n\r\n",
            b"",
            good,
        )
        server = threading.Thread(target=serve, args=(listener, *answers), daemon=True)
        server.start()
        seen = reach.get(HttpProbe("http://10.2.0.2/x?y=1", "host:a"))
        assert (seen.status, seen.body, seen.headers["x-lab"]) == (200, "hello", "yes")
        assert seen.ok
        assert reach.get(HttpProbe("http://10.2.0.2/", "host:a")).status == 404
        assert reach.get(HttpProbe("http://10.2.0.2/", "host:a")).problem == "malformed"
        assert reach.get(HttpProbe("http://10.2.0.2/", "host:a")).problem == "closed"
        through_nat = reach.get(HttpProbe("http://10.1.0.1:8088/", "host:a"))
        assert (through_nat.status, through_nat.body) == (200, "hello")
        server.join(5)
        (found,) = reader.sockets(SocketsProbe("host:b")).on(80)
        assert (found.address, found.pid) == ("10.2.0.2", os.getpid())
        assert reach.connect(ConnectProbe("10.2.0.2", 80, "host:a")).connected
    assert reach.get(HttpProbe("http://10.2.0.2:82/", "host:a")).problem == "refused"
    assert reach.get(HttpProbe("http://10.2.0.2:81/", "host:a", seconds=0.3)).problem == "timeout"
    assert reach.get(HttpProbe("http://10.2.0.2:83/", "host:nowhere")).exists is False
    assert reach.connect(ConnectProbe("10.2.0.2", 99, "host:a")).problem == "refused"


Told = Callable[[Message], bytes]
"""What a name server sends back to a question; nothing when empty."""


@contextmanager
def name_server(told: Told, more: Told | None = None) -> Iterator[None]:
    """Answers one question at host b over UDP, and one over TCP if there is `more`."""

    def serve(datagrams: socket.socket, stream: socket.socket | None) -> None:
        query, peer = datagrams.recvfrom(512)
        if data := told(from_wire(query)):
            datagrams.sendto(data, peer)
        if more and stream:
            with stream.accept()[0] as opened:
                length = int.from_bytes(opened.recv(2, socket.MSG_WAITALL))
                data = more(from_wire(opened.recv(length, socket.MSG_WAITALL)))
                opened.sendall(len(data).to_bytes(2) + data)

    with ExitStack() as sockets:
        datagrams = sockets.enter_context(
            closing(listening("b", "10.2.0.2", 53, socket.SOCK_DGRAM))
        )
        stream = None
        if more:
            stream = sockets.enter_context(closing(listening("b", "10.2.0.2", 53)))
        server = threading.Thread(target=serve, args=(datagrams, stream), daemon=True)
        server.start()
        yield
        server.join(5)


def records(*lines: str, flags: Flag = Flag.QR) -> Told:
    def told(query: Message) -> bytes:
        answer = make_response(query)
        answer.flags |= flags
        for line in lines:
            name, ttl, space, kind, data = line.split(None, 4)
            answer.answer.append(rrset.from_text(f"{name}.", int(ttl), space, kind, data))
        return answer.to_wire()

    return told


def asked(name: str, record: str = "A", seconds: float = 5.0) -> DnsReading:
    return reach.ask(DnsProbe(name, "host:a", "10.2.0.2", record, seconds=seconds))


def test_dns() -> None:
    with name_server(records("web.lab 1 IN CNAME box.lab.", "box.lab 1 IN A 10.2.0.9")):
        seen = asked("web.lab")
    assert (seen.code, seen.answers, seen.problem) == ("NOERROR", ("10.2.0.9",), "")
    with name_server(records("9.0.2.10.in-addr.arpa 1 IN PTR box.lab.")):
        assert asked("9.0.2.10.in-addr.arpa.", "PTR").answers == ("box.lab",)
    with name_server(records('web.lab 1 IN TXT "two " "parts"')):
        assert asked("web.lab", "TXT").answers == ("two parts",)
    with name_server(lambda query: b""):
        assert asked("x", seconds=0.2).problem == "timeout"
    assert asked("x").problem == "refused"


def test_dns_says_what_the_server_says() -> None:
    def unknown(query: Message) -> bytes:
        answer = make_response(query)
        answer.set_rcode(Rcode.NXDOMAIN)
        return answer.to_wire()

    with name_server(unknown):
        seen = asked("x")
    assert (seen.code, seen.answers, seen.problem) == ("NXDOMAIN", (), "")


def test_dns_that_was_cut_off_is_asked_again_over_tcp() -> None:
    many = [f"web.lab 1 IN A 10.3.{number // 250}.{number % 250}" for number in range(300)]
    cut = records(flags=Flag.QR | Flag.TC)
    with name_server(cut, records(*many)):
        seen = asked("web.lab")
    assert seen.code == "NOERROR"
    assert set(seen.answers) == {line.split()[-1] for line in many}
    with name_server(cut):
        assert asked("web.lab").problem == "refused"


@pytest.mark.parametrize(
    "told",
    [
        lambda query: b"\0\1",
        lambda query: query.to_wire()[:2] + b"\x81\x80\0\1\0\0\0\0\0\0\xc0\x0c",
        lambda query: records()(make_query("another.lab", "A")),
    ],
    ids=["cut off", "a name that refers to itself", "an answer to another question"],
)
def test_dns_that_is_no_answer(told: Told) -> None:
    with name_server(told):
        assert asked("x").problem == "malformed"


@pytest.mark.parametrize(("name", "record"), [("x", "NOSUCH"), ("a..b", "A"), ("a" * 64, "A")])
def test_what_cannot_be_asked_of_a_name_server(name: str, record: str) -> None:
    with pytest.raises(ValueError, match="cannot be asked for"):
        asked(name, record)


def test_inhabitants_and_system_v() -> None:
    script = "hostname inner-host; ipcmk -Q >/dev/null; exec sleep 4711"
    started = subprocess.Popen(["unshare", "--fork", "-pruim", "--mount-proc", "sh", "-c", script])
    try:
        deadline = time.monotonic() + 10
        probe = InhabitantsProbe(("sleep", "4711"))
        while not (seen := inhabitants_reader.inhabitants(probe)).processes:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (process,) = seen.outside("pid", "user", "ipc", "uts", "mnt")
        assert seen.outside("net") == ()
        assert (process.inner_pid, process.inner_uid) == (1, 0)
        assert (process.hostname, seen.hostname) == ("inner-host", socket.gethostname())
        assert process.namespaces["uts"] != seen.bench["uts"]
        assert len(process.uid_map) == 1
        there = inhabitants_reader.system_v(SystemVProbe(process.pid))
        here = inhabitants_reader.system_v(SystemVProbe())
        assert [queue.messages for queue in there.queues] == [0]
        assert here.inode == seen.bench["ipc"] != there.inode
        assert not {queue.key for queue in there.queues} & {queue.key for queue in here.queues}
        assert socket.gethostname() == seen.hostname
    finally:
        sh(f"kill -9 {' '.join(str(p.pid) for p in seen.processes)}")
        started.wait()
    assert not inhabitants_reader.inhabitants(InhabitantsProbe(pid=process.pid)).processes
    assert not inhabitants_reader.system_v(SystemVProbe(4000000)).exists


@pytest.mark.parametrize(
    ("command", "key"),
    [
        ("ip netns add extra", "netns/extra"),
        ("echo left over > /run/netns/rest", ""),
        ("ip link add extra type bridge", "link/extra"),
        ("ip link add veth0 type veth peer name veth1", "link/veth0"),
        ("ip addr add 10.66.0.1/24 dev lo", "address/lo/10.66.0.1/24"),
        ("ip addr add fd66::1/64 dev lo nodad", "address/lo/fd66::1/64"),
        ("ip route add 10.67.0.0/16 dev lo", "route/10.67.0.0/16 dev lo metric 0 table 254"),
        (
            "ip route add 10.68.0.0/16 dev lo metric 7 table 99",
            "route/10.68.0.0/16 dev lo metric 7 table 99",
        ),
        ("nft add table ip stranger", "nft/ip stranger"),
        (
            "iptables -A INPUT -s 192.0.2.0/24 -m comment --comment 'my rule' -j DROP",
            'iptables/filter -A INPUT -s 192.0.2.0/24 -m comment --comment "my rule" -j DROP',
        ),
        ("iptables -t nat -N MINE; iptables -t nat -A OUTPUT -j MINE", "iptables/nat -N MINE"),
        ("iptables -P INPUT DROP", "iptables/filter -P INPUT DROP"),
        (
            "ip6tables -A OUTPUT -j RETURN; ip6tables -A OUTPUT -j RETURN",
            "ip6tables/filter -A OUTPUT -j RETURN #2",
        ),
        ("ipcmk -M 4096; ipcmk -Q; ipcmk -S 2", ""),
    ],
)
def test_inventory_sees_and_removes(command: str, key: str) -> None:
    before = network_inventory.entries()
    assert network_inventory.entries() == before
    sh(command)
    added = network_inventory.entries().keys() - before.keys()
    assert not key or key in added
    for one in sorted(added):
        network_inventory.remove(one)
        network_inventory.remove(one)
    assert network_inventory.entries() == before
    sh("rm -f /run/netns/rest")


@pytest.mark.parametrize(
    ("command", "back"),
    [
        ("ip -n a link set eth0 mtu 1400", "ip -n a link set eth0 mtu 1500"),
        ("ip -n a addr add 10.5.5.5/32 dev lo", "ip -n a addr del 10.5.5.5/32 dev lo"),
        ("ip -n a route add 10.5.0.0/16 dev eth0", "ip -n a route del 10.5.0.0/16 dev eth0"),
        ("ip netns exec a nft add table ip x", "ip netns exec a nft delete table ip x"),
    ],
)
def test_inventory_sees_changes_inside_a_host(command: str, back: str) -> None:
    before = network_inventory.entries()
    sh(command)
    changed = network_inventory.entries()
    assert {key for key in before if changed[key] != before[key]} == {"netns/a"}
    sh(back)
    assert network_inventory.entries() == before


def test_inventory_is_the_same_after_a_rebuild() -> None:
    before = network_inventory.entries()
    for resource in reversed(ordered(ROUTED)):
        provider(resource.kind()).destroy(resource.name, MARK)
    names = {key for key in network_inventory.entries() if not key.startswith(ALWAYS_THERE)}
    assert names == {"link/lo"}
    for resource in ordered(ROUTED):
        provider(resource.kind()).create(resource, MARK, lambda _: None)
    assert network_inventory.entries() == before
