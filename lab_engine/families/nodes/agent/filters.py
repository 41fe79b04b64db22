"""What somebody has done to a node's network from within: packet filters, queues, interfaces.

Keys are those of the bench's own network: `iptables/<table> <arguments>`, `nft/<family> <table>`,
`qdisc/<interface> <parent>`. What the node's engine writes by itself is known by its form, as in
the bench. An interface of the node that was switched off is `link/<name> down`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from lab_engine.families.netlink.agent import marks, namespaces, nft
from lab_engine.families.netlink.agent.inventory import besides, iptables
from lab_engine.families.netlink.agent.inventory.network import of_a_daemon
from lab_engine.families.netlink.agent.rtnl import rtnl

_WIRE: Final = "eth"
"""The beginning of what the bench's engine calls a container's interfaces."""


def entries(pid: int) -> tuple[str, ...]:
    """All of it in the network of process `pid`. Raises ProviderError."""
    with _network_of(pid, "list a node's network") as descriptor:
        tables = nft.tables(descriptor)
        found = [*iptables.inventory(tables, descriptor)]
        found += [f"nft/{table}" for table in tables if not of_a_daemon(table)]
        with rtnl(descriptor) as connection:
            wires = {link.index: link for link in connection.links() if link.name.startswith(_WIRE)}
            names = {index: link.name for index, link in wires.items()}
            found += [f"link/{link.name} down" for link in wires.values() if not link.up]
            found += [
                thing.key
                for thing in besides.things(connection, names)
                if thing.key.startswith(f"qdisc/{_WIRE}")
            ]
    return tuple(sorted(found))


def clear(pid: int, wanted: Iterable[str]) -> None:
    """Take away what is not `wanted`, but for interfaces: their routes went with them.

    Raises ProviderError.
    """
    # Rules before the chains that they lead to.
    added = sorted(set(entries(pid)) - set(wanted), key=lambda key: " -N " in key)
    with _network_of(pid, "clear a node's network") as descriptor:
        for key in added:
            kind, _, name = key.partition("/")
            if kind == "nft":
                nft.remove(descriptor, name, key)
            elif kind in iptables.PROGRAMS:
                iptables.remove(key, descriptor)
            elif kind == "qdisc":
                with rtnl(descriptor) as connection:
                    names = {link.index: link.name for link in connection.links()}
                    besides.remove(connection, names, key)


@contextmanager
def _network_of(pid: int, what: str) -> Iterator[int]:
    with marks.asking(what), namespaces.opened(f"/proc/{pid}/ns/net") as descriptor:
        yield descriptor
