"""Statements about namespaces, interfaces, routes and what goes over which wire (client side)."""

from __future__ import annotations

from collections.abc import Collection

from lab_engine.common import place
from lab_engine.common.evidence import See, look_at, require
from lab_engine.common.place import BENCH, Place
from lab_engine.families.docker.requirements.containers import listed
from lab_engine.families.netlink.probes.network import (
    LinkProbe,
    LinkReading,
    NetworkNamespacesProbe,
    NetworkNamespacesReading,
    RouteReading,
    RoutesProbe,
)
from lab_engine.families.netlink.probes.reach import ConnectProbe, ReachProbe, ReachReading
from lab_engine.families.netlink.probes.sockets import SocketReading, SocketsProbe

ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - what a socket says of itself


async def require_netns(
    see: See, name: str, *, loopback: bool | None = None
) -> NetworkNamespacesReading:
    """There is a network namespace of this name, and no other name is its. One round trip.

        await require_netns(see, v.netns, loopback=True)

    Reasons: `no-namespace`, `same-namespace` (a name for the bench's own, or for that of another
    name), `loopback-down`.

    Args:
        see: the check's way to ask.
        name: as `ip netns` shows it.
        loopback: whether lo must be switched on in it; None for any.
    """
    found, lo = await see(NetworkNamespacesProbe(), LinkProbe("lo", place.host(name)))
    inode = found.namespaces.get(name, 0)
    require(
        inode,
        "no-namespace",
        expected=f"There is a network namespace called {name}.",
        observed="`ip netns` knows none of that name.",
        look="ip netns",
    )
    others = {"the bench": found.bench, **found.namespaces}
    same = [other for other, its in others.items() if its == inode and other != name]
    require(
        not same,
        "same-namespace",
        expected=f"{name} is a namespace of its own.",
        observed=f"It is the same as {listed(same)}.",
        look="sudo ls -i /run/netns; readlink /proc/self/ns/net",
    )
    require(
        loopback in (None, lo.up),
        "loopback-down",
        expected=f"Loopback is switched {'on' if loopback else 'off'} in {name}.",
        observed=f"lo is {'up' if lo.up else 'down'} there.",
        look=f"sudo ip -n {name} link show lo",
    )
    return found


async def require_link(
    see: See,
    name: str,
    at: Place = BENCH,
    *,
    kind: str = "",
    up: bool | None = True,
    peer: str = "",
    peer_at: Place = BENCH,
    master: str = "",
    addresses: Collection[str] = (),
) -> LinkReading:
    """A place has an interface, as described. One round trip.

        await require_link(see, "eth0", place.host("red"), peer="v-red", addresses=["10.0.0.2/24"])

    Reasons: `no-link`, `other-kind`, `other-end` (not that end, not there, or both ends in one
    namespace), `other-master`, `no-address`, `down`, `no-carrier` (the other end is down).

    Args:
        see: the check's way to ask.
        name: its name or altname.
        at: where it is.
        kind: as `ip link add type` takes it; empty for any.
        up: whether it and its other end must be switched on; None for any.
        peer: for one end of a veth, the other end's name.
        peer_at: where that is; told by the namespace's inode, so every name of it is right.
        master: the bridge that it must be a port of.
        addresses: with prefix lengths; others are allowed, too.
    """
    if peer:
        found, other = await see(LinkProbe(name, at), LinkProbe(peer, peer_at))
    else:
        found, other = await see(LinkProbe(name, at)), LinkReading(exists=False)
    ip = f"{place.prefix(at)}ip"
    require(
        found.exists,
        "no-link",
        expected=f"There is an interface {name} in {place.words(at)}.",
        observed="There is none.",
        look=look_at(at, f"{ip} -br link || {ip} link"),
    )
    look = look_at(at, f"{ip} -d link show {name} || {ip} link")
    require(
        kind in ("", found.kind),
        "other-kind",
        expected=f"{name} is a {kind}.",
        observed=f"It is {f'a {found.kind}' if found.kind else 'a real device, or loopback'}.",
        look=look,
    )
    if peer:
        # By both numbers: those of interfaces begin anew in each namespace, so that one alone may
        # fit a stranger.
        joined = (
            other.exists
            and found.kind == other.kind == "veth"
            and (found.peer_index, other.peer_index) == (other.index, found.index)
            and found.peer == other.name
            and (at == peer_at or found.namespace != other.namespace)
        )
        where = place.words(found.peer_place) if found.peer_place else "somewhere without a name"
        require(
            joined,
            "other-end",
            expected=f"The other end of {name} is {peer}, in {place.words(peer_at)}.",
            observed=f"It is {found.peer}, in {where}."
            if found.peer
            else "It is none that can be seen.",
            look=look,
        )
    require(
        master in ("", found.master),
        "other-master",
        expected=f"{name} is a port of {master}.",
        observed=f"It is a port of {found.master or 'none'}.",
        look=look,
    )
    for address in addresses:
        require(
            address in found.addresses,
            "no-address",
            expected=f"{name} has the address {address}.",
            observed=f"It has {listed(found.addresses)}.",
            look=look_at(at, f"{ip} -br addr || {ip} addr"),
        )
    if up is not None:
        require(
            found.up == up,
            "down",
            expected=f"{name} is switched {'on' if up else 'off'}.",
            observed=f"It is {'up' if found.up else 'down'}.",
            look=look,
        )
        require(
            not up or found.state not in ("lowerlayerdown", "down"),
            "no-carrier",
            expected=f"{name} has a carrier.",
            observed=f"Its state is {found.state}: the other end is down.",
            look=look,
        )
    return found


async def require_route(
    see: See, to: str, at: Place = BENCH, *, via: str = "", dev: str = ""
) -> RouteReading:
    """A place has a route to exactly this network, and of several this one wins. One round trip.

        await require_route(see, "default", place.host("red"), via="10.0.0.254")

    Reasons: `no-route`, `other-gateway`, `other-interface`.

    Args:
        see: the check's way to ask.
        to: a network such as `10.2.0.0/24`, or `default`.
        at: where.
        via: the router's address; empty for any.
        dev: the interface; empty for any.
    """
    found = await see(RoutesProbe(at))
    look = look_at(at, f"{place.prefix(at)}ip route || true")
    there = found.to(to)
    require(
        there,
        "no-route",
        expected=f"There is a route to {to} in {place.words(at)}.",
        observed=f"There are routes to {listed([one.to for one in found.routes])}.",
        look=look,
    )
    # Of several to one network the kernel takes the one with the smallest metric (ip-route(8)).
    best = min(there, key=lambda one: one.metric)
    require(
        via in ("", best.via),
        "other-gateway",
        expected=f"The route to {to} goes by {via}.",
        observed=f"It goes {f'by {best.via}' if best.via else 'straight to the wire'}.",
        look=look,
    )
    require(
        dev in ("", best.dev),
        "other-interface",
        expected=f"The route to {to} goes out at {dev}.",
        observed=f"It goes out at {best.dev}.",
        look=look,
    )
    return best


async def require_reaches(
    see: See, address: str, at: Place = BENCH, *, wire: str = "", port: int = 0
) -> ReachReading:
    """From a place an address answers, and by the interface that is meant. One round trip.

        await require_reaches(see, "10.0.0.2", place.host("red"), wire="eth0")

    The way out is the kernel's own choice of a route, the way back the interface at which the
    answer arrived.

    Reasons: `no-answer`, `not-through` (there or back by another interface), `no-connection`.

    Args:
        see: the check's way to ask.
        address: of IPv4 or IPv6.
        at: from where.
        wire: the interface, in that place; empty for any.
        port: a TCP port that must accept a connection, too; 0 for none.
    """
    echo = await see(ReachProbe(address, at)) if not port else None
    if echo is None:
        echo, opened = await see(ReachProbe(address, at), ConnectProbe(address, port, at))
        require(
            opened.connected,
            "no-connection",
            expected=f"From {place.words(at)}, port {port} of {address} accepts a connection.",
            observed=f"It does not: {opened.problem or 'there is no such place'}.",
            look=look_at(at, f"{place.prefix(at)}nc -w1 {address} {port} </dev/null || true"),
        )
    run = look_at(at, f"{place.prefix(at)}ip route get {address} || true")
    require(
        echo.reached or port,
        "no-answer",
        expected=f"From {place.words(at)}, {address} answers.",
        observed=f"No answer ({echo.problem or 'there is no such place'}).",
        look=look_at(at, f"{place.prefix(at)}ping -c 1 -W 1 {address} || true"),
    )
    # Where a port accepts, a filter may drop the echo: then the way out alone is known.
    back = echo.back if echo.reached else echo.out
    require(
        wire in ("", echo.out) and wire in ("", back),
        "not-through",
        expected=f"It goes through {wire}.",
        observed=f"It goes out at {echo.out or 'none'}, and the answer comes in at {back or '?'}.",
        look=run,
    )
    return echo


async def require_port(
    see: See,
    port: int,
    at: Place = BENCH,
    *,
    address: str = "",
    program: str = "",
    protocol: str = "tcp",
) -> SocketReading:
    """Somebody waits at a port in a place, at this address, and runs this program. One round trip.

        await require_port(see, 8080, place.host("red"), address="127.0.0.1", program="python3.13")

    For a server of a container, `require_served_by` asks whose it is as well.

    Reasons: `silent` (a guest that does not answer), `no-server`, `other-address`, `other-program`.

    Args:
        see: the check's way to ask.
        port: its number.
        at: where; told by the namespace, not by who answers from outside.
        address: where it must wait, and nowhere else; empty for any.
        program: the name of the file that the server runs; empty for any.
        protocol: `tcp` or `udp`.
    """
    found = await see(SocketsProbe(at))
    # Nobody knows what waits in a guest that says nothing, so it is not said that nothing does.
    require(
        found.exists or place.parse(at).kind != "guest",
        "silent",
        expected=f"{place.words(at).capitalize()} answers.",
        observed="It does not run, or its agent does not answer (yet).",
        look="virsh list --all",
    )
    waiting = found.on(port, protocol)
    look = look_at(
        at, f"{place.prefix(at)}ss -Hlnp{protocol[0]} || {place.prefix(at)}netstat -ln || true"
    )
    require(
        waiting,
        "no-server",
        expected=f"In {place.words(at)} a server waits at port {port}.",
        observed="Nothing waits there.",
        look=look,
    )
    places = {one.address for one in waiting}
    right = places & set(ANY_ADDRESS) if address in ANY_ADDRESS else places == {address}
    require(
        not address or right,
        "other-address",
        expected=f"It waits at {address}.",
        observed=f"It waits at {listed(places)}.",
        look=look,
    )
    running = {holder.exe.rpartition("/")[2] for one in waiting for holder in one.holders}
    require(
        program == "" or program in running,
        "other-program",
        expected=f"The server is {program}.",
        observed=f"It is {listed(running)}.",
        look=look,
    )
    return waiting[0]
