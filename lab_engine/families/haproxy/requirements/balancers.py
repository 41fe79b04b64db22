"""Statements about a balancer's view of its servers (client side)."""

from __future__ import annotations

from collections.abc import Mapping

from lab_engine.common.evidence import See, require
from lab_engine.families.haproxy.probes import HaproxyProbe, HaproxyReading


async def require_balancer(
    see: See, socket: str, servers: Mapping[str, str], *, asks_for_a_page: bool = False
) -> HaproxyReading:
    """The HAProxy behind a stats socket has these servers, in these states. One round trip.

        await require_balancer(see, "/run/haproxy.sock", {"10.7.0.11:80": "UP"})

    It is a process that runs HAProxy, not whatever waits at that path.

    Reasons: `no-balancer`, `no-such-server`, `unchecked` (nobody looks whether it is well),
    `other-status`, `connects-only` (it looks only whether a connection is taken).

    Args:
        see: the check's way to ask.
        socket: the path of the stats socket.
        servers: `address:port` to what HAProxy must say of it: `UP`, `DOWN`, `MAINT`, or
            `no check`. Others are allowed, too.
        asks_for_a_page: whether its looks at those that are up must be HTTP requests.
    """
    found = await see(HaproxyProbe(socket))
    require(
        found.exists,
        "no-balancer",
        expected=f"An HAProxy answers at its stats socket {socket}.",
        observed="None does.",
        look="pgrep -a haproxy || true; ss -xlp | grep -i haproxy || true",
    )
    look = f"echo 'show stat' | sudo socat - {socket} | cut -d, -f1,2,18,37"
    listed = ", ".join(f"{one.name} ({one.address}) {one.status}" for one in found.servers)
    for address, wanted in servers.items():
        one = found.at(address)
        if one is None:
            require(
                False,
                "no-such-server",
                expected=f"Behind the balancer there is a server at {address}.",
                observed=f"There is: {listed or 'none'}.",
                look=look,
            )
            return found
        require(
            one.status != "no check" or wanted == "no check",
            "unchecked",
            expected=f"The balancer looks whether {address} is well.",
            observed="It does not: its status is `no check`.",
            look=look,
        )
        require(
            one.status == wanted,
            "other-status",
            expected=f"The balancer says of {address}: {wanted}.",
            observed=f"It says {one.status} ({one.check or 'not looked yet'}).",
            look=look,
        )
        require(
            not asks_for_a_page or one.status != "UP" or one.check.startswith("L7"),
            "connects-only",
            expected=f"The balancer looks at {address} with an HTTP request.",
            observed=f"It looks only whether a connection is taken ({one.check}).",
            look=look,
        )
    return found
