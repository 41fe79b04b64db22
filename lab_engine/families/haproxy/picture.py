"""Balancers as parts of the picture: what hangs on one is a server, with its state."""

from __future__ import annotations

from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.haproxy.probes import HaproxiesProbe, HaproxyProbe, HaproxyReading


async def read(questions: Questions, parts: Parts) -> None:
    """Add each HAProxy, and tie to it the machines and containers that have its servers' addresses.

    Those are known by what was drawn before: the addresses of their cards.
    """
    (found,) = await questions.all([HaproxiesProbe()])
    sockets = found.sockets if found else ()
    readings = await questions.all([HaproxyProbe(path) for path in sockets])
    owners = {edge.label.partition("/")[0]: edge.place for edge in parts.edges if edge.label}
    for path, one in zip(sockets, readings, strict=True):
        if one is not None:
            _balancer(path, one, owners, parts)


def _balancer(path: str, one: HaproxyReading, owners: dict[str, str], parts: Parts) -> None:
    key = f"balancer/{path}"
    up = sum(server.status == "UP" for server in one.servers)
    facts = [(f"frontend {name}", state) for name, state in one.frontends.items()]
    for server in one.servers:
        given = one.sessions.get(f"{server.backend}/{server.name}", 0)
        check = f" ({server.check})" if server.check else ""
        facts.append((server.name, f"{server.address} {server.status}{check}, {given} sessions"))
    name = next(iter(one.frontends), "haproxy")
    parts.add(Node(key, "balancer", name, f"{up} of {len(one.servers)} up", up > 0, tuple(facts)))
    for server in one.servers:
        owner = owners.get(server.address.rpartition(":")[0])
        if owner:
            parts.join(owner, key, server.status)
