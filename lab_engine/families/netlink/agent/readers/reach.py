"""Answers to probes that send packets, by sockets opened where the place is (agent side)."""

from __future__ import annotations

import errno
import http.client
import ipaddress
import os
import secrets
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from lab_engine.common.place import Place
from lab_engine.common.probe import Probe
from lab_engine.families.netlink.agent import namespaces
from lab_engine.families.netlink.agent.readers import dns
from lab_engine.families.netlink.agent.readers import place as places
from lab_engine.families.netlink.agent.readers.place import NoPlace
from lab_engine.families.netlink.agent.rtnl import rtnl
from lab_engine.families.netlink.probes.reach import (
    SECONDS_LIMIT,
    ConnectProbe,
    ConnectReading,
    DnsProbe,
    DnsReading,
    HttpProbe,
    HttpReading,
    ReachProbe,
    ReachReading,
)

_ECHO: Final = {4: (8, 0, 3), 6: (128, 129, 1)}
"""By IP version: the types of an echo request, of its reply, and of "destination unreachable"."""
_TELL_INTERFACE: Final = {4: (socket.IPPROTO_IP, 8), 6: (socket.IPPROTO_IPV6, 49)}
"""IP_PKTINFO and IPV6_RECVPKTINFO, which Python 3.13 has no names for."""
_PACKET_INFO: Final = {4: 8, 6: 50}
_FIRST_WORD: Final = 4096


def opened_in(descriptor: int | None, family: int, kind: int, protocol: int = 0) -> socket.socket:
    """A socket of that place; it stays there although this thread does not."""
    with namespaces.inside(descriptor):
        return socket.socket(family, kind, protocol)


def family_of(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def problem_of(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    if error.errno == errno.ECONNREFUSED:
        return "refused"
    if error.errno in (errno.ECONNRESET, errno.EPIPE):
        return "closed"
    return "unreachable"


def within(asked: float) -> float:
    return min(max(asked, 0.01), SECONDS_LIMIT)


def reach(probe: ReachProbe) -> ReachReading:
    version = ipaddress.ip_address(probe.address).version
    protocol = socket.IPPROTO_ICMP if version == 4 else socket.getprotobyname("ipv6-icmp")
    try:
        with places.network(probe.place) as descriptor:
            opened = opened_in(descriptor, family_of(probe.address), socket.SOCK_RAW, protocol)
            with rtnl(descriptor) as connection:
                names = {one.index: one.name for one in connection.links()}
                way = connection.way_to(probe.address)
            namespace = places.describe(descriptor)
    except NoPlace:
        return ReachReading(exists=False)
    out = names.get(way.index, "") if way else ""
    via = way.via if way else ""
    # A raw socket gets every ICMP packet that comes to the namespace (raw(7)); what was sent comes
    # back with the reply, and tells ours.
    mine = secrets.token_bytes(12)
    sent, problem = 0, ""
    deadline = time.monotonic() + 2 * SECONDS_LIMIT
    with opened:
        opened.setsockopt(*_TELL_INTERFACE[version], 1)
        for number in range(1, max(1, probe.count) + 1):
            if time.monotonic() > deadline:
                break
            began = time.monotonic()
            try:
                opened.settimeout(within(probe.seconds))
                opened.sendto(_echo(version, number, mine), (probe.address, 0))
                sent += 1
                problem, back = _await_echo(opened, version, mine, began + within(probe.seconds))
            except OSError as error:
                problem = problem_of(error)
            if not problem:
                return ReachReading(
                    sent=sent,
                    received=1,
                    milliseconds=(time.monotonic() - began) * 1000,
                    out=out,
                    via=via,
                    back=names.get(back, ""),
                    namespace=namespace,
                )
            # It is said at once, and the next try would be in the same moment.
            if problem == "unreachable":
                time.sleep(max(0.0, min(0.1, deadline - time.monotonic())))
    return ReachReading(
        sent=sent, received=0, problem=problem, out=out, via=via, namespace=namespace
    )


def _echo(version: int, number: int, mine: bytes) -> bytes:
    """An echo request (RFC 792, RFC 4443); for IPv6 the kernel fills in the checksum."""
    head = struct.pack("!BBHHH", _ECHO[version][0], 0, 0, os.getpid() & 0xFFFF, number)
    packet = head + mine
    if version == 6:
        return packet
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    total = (total >> 16) + (total & 0xFFFF)
    checksum = ~(total + (total >> 16)) & 0xFFFF
    return packet[:2] + struct.pack("!H", checksum) + packet[4:]


def _await_echo(
    opened: socket.socket, version: int, mine: bytes, deadline: float
) -> tuple[str, int]:
    """Wait for the reply to what was sent with `mine`: the problem, or nothing, and where it came.

    The second is the index of the interface that the reply arrived at.
    """
    _, reply, unreachable = _ECHO[version]
    while (left := deadline - time.monotonic()) > 0:
        opened.settimeout(left)
        packet, told, _, _ = opened.recvmsg(2048, 256)
        if version == 4:
            # With IPv4 alone the header comes too (raw(7), RFC 3542).
            packet = packet[(packet[0] & 0xF) * 4 :]
        # An error holds the packet that it is about; of ours at least the first 8 bytes.
        if packet and packet[0] == reply and packet.endswith(mine):
            return "", _interface(version, told)
        if packet and packet[0] == unreachable and mine in packet:
            return "unreachable", 0
    return "timeout", 0


def _interface(version: int, told: list[tuple[int, int, bytes]]) -> int:
    """The index in `struct in_pktinfo` (ip(7)) or `struct in6_pktinfo` (ipv6(7)); 0 without."""
    at = 0 if version == 4 else 16
    found = [
        data for _, kind, data in told if kind == _PACKET_INFO[version] and len(data) >= at + 4
    ]
    return int(struct.unpack_from("=I", found[0], at)[0]) if found else 0


def connect(probe: ConnectProbe) -> ConnectReading:
    try:
        with places.network(probe.place) as descriptor:
            opened = opened_in(descriptor, family_of(probe.address), socket.SOCK_STREAM)
    except NoPlace:
        return ConnectReading(exists=False)
    with opened:
        opened.settimeout(within(probe.seconds))
        try:
            opened.connect((probe.address, probe.port))
        except OSError as error:
            return ConnectReading(problem=problem_of(error))
        first = b""
        if probe.listen:
            opened.settimeout(within(probe.listen))
            try:
                first = opened.recv(_FIRST_WORD)
            except OSError as error:
                return ConnectReading(connected=True, problem=problem_of(error))
        return ConnectReading(connected=True, first=first.decode(errors="replace"))


def get(probe: HttpProbe) -> HttpReading:
    return fetch(probe)


def fetch(probe: HttpProbe, *, agent: str = "infralab") -> HttpReading:
    """One GET by a client that calls itself `agent`."""
    url = urlsplit(probe.url)
    name, port = url.hostname or "", url.port or 80
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    deadline = time.monotonic() + within(probe.seconds)
    try:
        address = _address_of(name, probe.place, within(probe.seconds))
        if not address:
            return HttpReading(problem="unknown-name")
        with places.network(probe.place) as descriptor:
            opened = opened_in(descriptor, family_of(address), socket.SOCK_STREAM)
    except NoPlace:
        return HttpReading(exists=False)
    connection = http.client.HTTPConnection(name, port)
    with opened:
        try:
            opened.settimeout(max(0.01, deadline - time.monotonic()))
            opened.connect((address, port))
            # Connected here: by itself it would look up and connect from the agent's own place.
            connection.sock = opened
            headers = {"User-Agent": agent, "Connection": "close"}
            # Given, it takes the place of what the URL says.
            connection.request("GET", path, headers=headers | _host(probe))
            answer = connection.getresponse()
            body, whole = b"", False
            while not whole and time.monotonic() < deadline:
                part = answer.read1(min(16384, probe.limit - len(body)))
                body += part
                whole = not part or len(body) >= probe.limit
            if not whole:
                # A page of which only the beginning came would be taken for another page.
                return HttpReading(problem="timeout")
        except http.client.HTTPException as error:
            closed = isinstance(error, http.client.RemoteDisconnected)
            return HttpReading(problem="closed" if closed else "malformed")
        except OSError as error:
            return HttpReading(problem=problem_of(error))
        return HttpReading(
            status=answer.status,
            body=body.decode(errors="replace"),
            headers={name.lower(): value for name, value in answer.getheaders()},
        )


def _host(probe: HttpProbe) -> dict[str, str]:
    return {"Host": probe.host} if probe.host else {}


def _address_of(name: str, place: Place, seconds: float) -> str:
    """Look a name up as the place does. Raises NoPlace."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        # Before DNS, as nsswitch.conf(5) has it by default.
        for line in places.file_of(place, "/etc/hosts").splitlines():
            words = line.partition("#")[0].split()
            if name in words[1:]:
                return words[0]
    if name == "localhost":
        return "127.0.0.1"
    deadline = time.monotonic() + seconds
    for whole in whole_names(name, places.file_of(place, "/etc/resolv.conf")):
        found = ask(DnsProbe(whole, place, seconds=max(0.01, deadline - time.monotonic())))
        if not found.exists:
            raise NoPlace(place)
        if found.answers:
            return found.answers[0]
        if found.problem:
            # A server that is silent is silent to every name.
            break
    return ""


def whole_names(name: str, settings: str) -> list[str]:
    r"""What a name may stand for, in the order in which programs ask (resolv.conf(5)).

    >>> whole_names("web", "search shop.lan lan\nnameserver 10.0.0.1")
    ['web.shop.lan', 'web.lan', 'web']
    """
    search: list[str] = []
    least = 1
    for line in settings.splitlines():
        words = line.split()
        if words[:1] in (["search"], ["domain"]):
            # The last such line counts.
            search = words[1:]
        elif words[:1] == ["options"]:
            given = [word.partition(":")[2] for word in words if word.startswith("ndots:")]
            least = next((int(one) for one in given if one.isdecimal()), least)
    if name.endswith("."):
        return [name.rstrip(".")]
    longer = [f"{name}.{domain}" for domain in search if domain != "."]
    return [name, *longer] if name.count(".") >= least else [*longer, name]


def ask(probe: DnsProbe) -> DnsReading:
    server = probe.server or _name_server(probe.place)
    if not server:
        return DnsReading(problem="unreachable")
    try:
        with places.network(probe.place) as descriptor:
            answer = dns.ask(
                probe.query,
                probe.record,
                (server, probe.port),
                within(probe.seconds),
                lambda kind: opened_in(descriptor, family_of(server), kind),
            )
    except NoPlace:
        return DnsReading(exists=False, server=server)
    except dns.Malformed:
        return DnsReading(server=server, problem="malformed")
    except OSError as error:
        return DnsReading(server=server, problem=problem_of(error))
    return DnsReading(server=server, code=answer.code, answers=answer.texts)


def _name_server(place: Place) -> str:
    try:
        text = places.file_of(place, "/etc/resolv.conf")
    except NoPlace:
        return ""
    for line in text.splitlines():
        words = line.split()
        # Programs ask the first one first, and the others only when it is silent (resolv.conf(5)).
        if len(words) > 1 and words[0] == "nameserver":
            return words[1]
    return ""


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {
    ReachProbe: reach,
    ConnectProbe: connect,
    HttpProbe: get,
    DnsProbe: ask,
}
