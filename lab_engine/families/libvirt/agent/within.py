"""Answers to questions about the network of a VM, from inside it (agent side).

A guest has a kernel of its own, so there is no namespace to enter: its agent runs the guest's own
programs. Those of busybox will do, and Python where there is one, as in the full guest, which has
no `nc`. What they print is the guest's word; who is root there can make it lie.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import math
import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any, Final, cast
from urllib.parse import urlsplit

import msgspec

from lab_engine.common.place import Place, parse
from lab_engine.common.probe import Probe
from lab_engine.families.libvirt.agent.of_guests import channel_of
from lab_engine.families.libvirt.guests.agent_channel import GuestRefused, GuestSilent
from lab_engine.families.netlink.probes import network as net
from lab_engine.families.netlink.probes import reach as way
from lab_engine.families.netlink.probes import sockets as waiting
from lab_engine.kernel import sockets as kernel_sockets

_TALK: Final = """
import socket, sys
host, port, seconds, limit, words = sys.argv[1:]
with socket.create_connection((host, int(port)), float(seconds)) as it:
    it.sendall(bytes.fromhex(words))
    while int(limit) > 0 and (part := it.recv(4096)):
        sys.stdout.buffer.write(part)
        sys.stdout.flush()
        limit = int(limit) - len(part)
"""
"""`nc` for guests that have Python instead."""

_PROBLEMS: Final = (
    (r"refused", "refused"),
    (r"unreachable|No route to host", "unreachable"),
    (r"bad address|Name or service not known|name resolution", "unknown-name"),
    (r"timed? ?out", "timeout"),
)


class _Gone(LookupError):
    """The VM is not there, does not run, or does not answer."""


def _run(place: Place, script: str, *, seconds: float = 8.0) -> tuple[int, str, str]:
    """A shell script as root in the guest: exit code, output, errors. Raises _Gone."""
    name = parse(place).name
    channel = channel_of(name)
    if channel is None:
        raise _Gone(name)
    try:
        # The guest ends it as well: what the agent has begun without saying so in time has no
        # number by which anybody could end it.
        limit = str(math.ceil(seconds) + 1)
        done = channel.run(("timeout", "-s", "KILL", limit, "sh", "-c", script), seconds=seconds)
    except (GuestSilent, GuestRefused) as error:
        raise _Gone(name) from error
    return done.code, done.out, done.err


def _talk(
    place: Place, host: str, port: int, words: bytes, *, seconds: float, limit: int
) -> tuple[str, str]:
    """Open a TCP connection, say `words`, listen: what came, and the problem. Raises _Gone."""
    whole = max(1, math.ceil(seconds))
    # `-e` has nc run a program instead of copying: then the connection is all that is asked for.
    ask = f"printf {shlex.quote(_octal(words))} |" if words else ""
    plain = f"{ask} timeout {whole + 1} nc -w {whole} {host} {port}" + (
        f" | head -c {limit}" if limit else " -e /bin/true"
    )
    rich = shlex.join(["python3", "-c", _TALK, host, str(port), str(seconds), str(limit)])
    # Without pipefail the pipe's own code is that of `head`, so what nc says is what counts.
    script = (
        f"if command -v python3 >/dev/null; then {rich} {shlex.quote(words.hex())}; "
        f"else {plain}; fi"
    )
    code, out, said = _run(place, script, seconds=seconds + 4)
    for pattern, problem in _PROBLEMS:
        if re.search(pattern, said, re.IGNORECASE):
            return out, "" if out else problem
    # timeout(1) of busybox ends with the signal's number, that of coreutils with 124.
    return out, "" if code == 0 or out else "timeout" if code in (124, 143) else "closed"


def _octal(words: bytes) -> str:
    """As printf(1) reads it, whatever bytes there are."""
    return "".join(f"\\{byte:03o}" for byte in words)


def reach(probe: way.ReachProbe) -> way.ReachReading:
    address = str(ipaddress.ip_address(probe.address))
    each = max(1, math.ceil(probe.seconds))
    rounds = " ".join(str(number) for number in range(1, max(1, probe.count) + 1))
    script = (
        f"ip route get {address}; echo; for i in {rounds}; do echo sent; "
        f"ping -c 1 -W {each} {address} 2>&1 && break; done"
    )
    try:
        _, out, _ = _run(probe.place, script, seconds=each * probe.count + 4)
    except _Gone:
        return way.ReachReading(exists=False)
    words = out.partition("\n\n")[0].split()
    leaves = _after(words, "dev")
    # To an address of its own, the kernel tells the interface that has it and sends it over lo.
    out_at = "lo" if words[:1] == ["local"] else leaves
    took = re.search(r"time[=<]([\d.]+) ms", out)
    unreachable = re.search(r"unreachable", out, re.IGNORECASE)
    return way.ReachReading(
        sent=out.count("sent\n"),
        received=int(took is not None),
        milliseconds=float(took[1]) if took else None,
        problem="" if took else "unreachable" if unreachable or not leaves else "timeout",
        out=out_at,
        via=_after(words, "via"),
        back=out_at if took else "",
    )


def connect(probe: way.ConnectProbe) -> way.ConnectReading:
    # An address, so that nothing else can come into the script.
    address = str(ipaddress.ip_address(probe.address))
    try:
        _, problem = _talk(probe.place, address, probe.port, b"", seconds=probe.seconds, limit=0)
        if problem or not probe.listen:
            return way.ConnectReading(connected=not problem, problem=problem)
        first, problem = _talk(
            probe.place, address, probe.port, b"", seconds=probe.listen, limit=4096
        )
    except _Gone:
        return way.ConnectReading(exists=False)
    return way.ConnectReading(connected=True, problem="" if first else problem, first=first)


class _Said(io.BytesIO):
    """What came, as a socket that http.client reads."""

    def makefile(self, *_: object, **__: object) -> _Said:
        return self


def get(probe: way.HttpProbe) -> way.HttpReading:
    url = urlsplit(probe.url)
    name, port = url.hostname or "", url.port or 80
    if not re.fullmatch(r"[\w.:-]+", name):
        return way.HttpReading(problem="unknown-name")
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    asked = f"GET {path} HTTP/1.1\r\nHost: {probe.host or url.netloc}\r\nUser-Agent: infralab\r\n"
    words = f"{asked}Connection: close\r\n\r\n".encode()
    # Room for the headers, which are no part of what the probe limits.
    limit = min(probe.limit, 48 << 10) + (8 << 10)
    try:
        said, problem = _talk(probe.place, name, port, words, seconds=probe.seconds, limit=limit)
    except _Gone:
        return way.HttpReading(exists=False)
    if not said:
        return way.HttpReading(problem=problem or "closed")
    answer = http.client.HTTPResponse(cast(Any, _Said(said.encode())))
    try:
        answer.begin()
        body = answer.read(probe.limit)
    except http.client.HTTPException as error:
        partial = getattr(error, "partial", None)
        if partial is None:
            return way.HttpReading(problem="malformed")
        body = partial
    if answer.length and len(body) < probe.limit:
        # Of the page only the beginning came.
        return way.HttpReading(problem="timeout")
    return way.HttpReading(
        status=answer.status,
        body=body.decode(errors="replace"),
        headers={name.lower(): value for name, value in answer.getheaders()},
    )


def link(probe: net.LinkProbe) -> net.LinkReading:
    found = links(net.LinksProbe(probe.place))
    named = (one for one in found.links if probe.link in (one.name, *one.altnames))
    return next(named, net.LinkReading(exists=False))


def links(probe: net.LinksProbe) -> net.LinksReading:
    try:
        _, out, _ = _run(probe.place, "ip -o link; echo; ip -o addr")
    except _Gone:
        return net.LinksReading(exists=False)
    told, _, addresses = out.partition("\n\n")
    have = list(_addresses(addresses))
    return net.LinksReading(links=tuple(_link(line, have) for line in told.splitlines() if line))


def _link(line: str, addresses: list[net.AddressReading]) -> net.LinkReading:
    """One line of `ip -o link`: `2: eth0: <BROADCAST,UP> mtu 1500 ... link/ether 52:54:...`."""
    number, name, rest = line.split(":", 2)
    name = name.strip().partition("@")[0]
    words = rest.split()
    flags = words[0].strip("<>").split(",")
    at = next((i for i, word in enumerate(words) if word.startswith("link/")), 0)
    return net.LinkReading(
        name=name,
        index=int(number),
        up="UP" in flags,
        # busybox's ip tells no state; LOWER_UP is the carrier (netdevice(7)).
        state=_after(words, "state").lower() or ("up" if "LOWER_UP" in flags else "down"),
        mac=words[at + 1] if at else "",
        mtu=int(_after(words, "mtu") or 0),
        master=_after(words, "master"),
        addresses=tuple(one.cidr for one in addresses if one.interface == name),
    )


def addresses(probe: net.AddressesProbe) -> net.AddressesReading:
    try:
        _, out, _ = _run(probe.place, "ip -o addr")
    except _Gone:
        return net.AddressesReading(exists=False)
    return net.AddressesReading(addresses=tuple(_addresses(out)))


def _addresses(text: str) -> Iterator[net.AddressReading]:
    for line in text.splitlines():
        words = line.split()
        cidr = _after(words, "inet") or _after(words, "inet6")
        if cidr:
            # Without a prefix length it is an address by itself, or one end of a wire.
            length = "" if "/" in cidr else f"/{ipaddress.ip_address(cidr).max_prefixlen}"
            yield net.AddressReading(words[1], cidr + length, _after(words, "scope"))


def routes(probe: net.RoutesProbe) -> net.RoutesReading:
    table = f" table {int(probe.table)}"
    try:
        _, out, _ = _run(probe.place, f"ip route show{table}; ip -6 route show{table} 2>/dev/null")
    except _Gone:
        return net.RoutesReading(exists=False)
    return net.RoutesReading(routes=tuple(_routes(out, probe.table)))


def _routes(text: str, table: int) -> Iterator[net.RouteReading]:
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        to = words[0]
        if to == "default":
            to = "::/0" if ":" in line else "0.0.0.0/0"
        with_length = to if "/" in to else f"{to}/{128 if ':' in to else 32}"
        yield net.RouteReading(
            with_length,
            via=_after(words, "via"),
            dev=_after(words, "dev"),
            metric=int(_after(words, "metric") or 0),
            protocol=_after(words, "proto") or "boot",
            table=table,
        )


_SOCKETS: Final = r"""
grep "" /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2>/dev/null
echo "== held"
ls -l /proc/[0-9]*/exe /proc/[0-9]*/fd 2>/dev/null | grep -E ':$|socket:|exe ->'
"""
"""Few programs: each takes an emulated guest on a busy host longer than all their output does."""
_EXE: Final = re.compile(r" /proc/(\d+)/exe -> (.*?)( \(deleted\))?$")
_FILES: Final = re.compile(r"/proc/(\d+)/fd:$")
_HELD: Final = re.compile(r" -> socket:\[(\d+)\]$")


def sockets(probe: waiting.SocketsProbe) -> waiting.SocketsReading:
    try:
        _, out, _ = _run(probe.place, _SOCKETS)
    except _Gone:
        return waiting.SocketsReading(exists=False)
    listed, _, held = out.partition("== held\n")
    tables: dict[str, list[str]] = {}
    for line in listed.splitlines():
        path, _, row = line.partition(":")
        tables.setdefault(path.rpartition("/")[2], []).append(row)
    holders = _holders(held)
    return waiting.SocketsReading(
        sockets=tuple(
            waiting.SocketReading(
                one.protocol, one.address, one.port, tuple(holders.get(one.inode, ()))
            )
            for kind, rows in tables.items()
            # The guest's byte order is the bench's: it has the same kind of processor.
            for one in kernel_sockets.waiting(kind.rstrip("6"), "\n".join(rows))
        )
    )


def _holders(listed: str) -> dict[str, list[waiting.Holder]]:
    """Who holds each socket, by its inode, as `ls` has listed programs and then open files."""
    programs: dict[str, str] = {}
    holders: dict[str, list[waiting.Holder]] = {}
    pid = ""
    for line in listed.splitlines():
        if found := _EXE.search(line):
            programs[found[1]] = found[2]
        elif found := _FILES.match(line):
            pid = found[1]
        elif found := _HELD.search(line):
            exe = programs.get(pid, "")
            its = waiting.Holder(int(pid), program=exe.rpartition("/")[2], exe=exe)
            held = holders.setdefault(found[1], [])
            if its not in held:
                held.append(its)
    return holders


def _after(words: list[str], word: str) -> str:
    """What stands after a word in a line of `ip`; empty without it."""
    return words[words.index(word) + 1] if word in words[:-1] else ""


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {
    way.ReachProbe: reach,
    way.ConnectProbe: connect,
    way.HttpProbe: get,
    net.LinkProbe: link,
    net.LinksProbe: links,
    net.AddressesProbe: addresses,
    net.RoutesProbe: routes,
    waiting.SocketsProbe: sockets,
}
