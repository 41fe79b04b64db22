"""Bridges of Open vSwitch, marked in their `external_ids`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from lab_engine.families.openvswitch.agent import switch
from lab_engine.families.openvswitch.agent.ovsdb import (
    DATABASE,
    Connection,
    a_set,
    asking,
    insert,
    join,
    new,
    part,
)
from lab_engine.families.openvswitch.agent.switch import BridgeFacts
from lab_engine.families.openvswitch.resources import OvsBridge
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting

DATAPATH: Final = "netdev"
"""In ovs-vswitchd itself; the kernel's would need its module loaded."""


class OvsBridgeProvider(Provider[OvsBridge]):
    resource = OvsBridge
    family = "openvswitch"
    limits: ClassVar[dict[str, float]] = {"create": 30, "destroy": 20}

    def observe(self, wanted: Sequence[OvsBridge], mark: Mark) -> dict[str, Sighting]:
        with asking("list its bridges") as connection:
            there = switch.bridges(connection)
        return {one.name: _sighting(one, there.get(one.name), mark) for one in wanted}

    def create(self, wanted: OvsBridge, mark: Mark, say: Say) -> None:
        with asking(f"make the bridge {wanted.name}", wanted.key) as connection:
            there = switch.bridges(connection).get(wanted.name)
            if there is not None:
                if not _is_ours(there, wanted.key, mark):
                    raise switch.foreign(
                        f"a bridge called {wanted.name!r}", wanted.key, "sudo ovs-vsctl show"
                    )
                remove(connection, there)
            elif switch.is_taken(wanted.name):
                raise switch.foreign(
                    f"an interface called {wanted.name!r}",
                    wanted.key,
                    f"ip -d link show {wanted.name}",
                )
            controllers = [f"controller{index}" for index in range(len(wanted.controllers))]
            connection.change(
                # One transaction: all of it is made, or nothing. Every bridge has a local port of
                # its own name (ovs-vswitchd.conf.db(5)).
                insert("Interface", "card", {"name": wanted.name, "type": "internal"}),
                insert("Port", "port", {"name": wanted.name, "interfaces": new("card")}),
                *(
                    insert("Controller", name, {"target": target})
                    for name, target in zip(controllers, wanted.controllers, strict=True)
                ),
                insert(
                    "Bridge",
                    "bridge",
                    {
                        "name": wanted.name,
                        "datapath_type": DATAPATH,
                        "fail_mode": wanted.fail_mode,
                        "protocols": a_set(wanted.protocols),
                        "controller": a_set([new(name) for name in controllers]),
                        "ports": new("port"),
                        "external_ids": switch.marked(mark, wanted.key),
                    },
                ),
                join(DATABASE, [], "bridges", new("bridge")),
            )

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"ovs-bridge/{name}"
        with asking(f"remove the bridge {name}", key) as connection:
            there = switch.bridges(connection).get(name)
            if there is not None and _is_ours(there, key, mark):
                remove(connection, there)

    def owned(self) -> Iterable[Owned]:
        with asking("list its bridges") as connection:
            there = switch.bridges(connection).values()
        return [mine for one in there if (mine := switch.owned(one.external_ids, "ovs-bridge"))]


def remove(connection: Connection, there: BridgeFacts) -> None:
    """Remove a bridge with its ports; the interfaces that it did not make stay."""
    connection.change(part(DATABASE, [], "bridges", there.uuid))


def _is_ours(there: BridgeFacts, key: str, mark: Mark) -> bool:
    return switch.mark_of(there.external_ids) == mark.text(key)


def _sighting(wanted: OvsBridge, there: BridgeFacts | None, mark: Mark) -> Sighting:
    if there is None:
        return switch.STRANGER if switch.is_taken(wanted.name) else ABSENT
    targets = tuple(one.target for one in there.controllers)
    drift = ""
    if there.datapath_type != DATAPATH:
        drift = f"its datapath is {there.datapath_type or 'system'}, wanted {DATAPATH}"
    elif (there.fail_mode or "standalone") != wanted.fail_mode:
        drift = f"fails {there.fail_mode or 'standalone'}, wanted {wanted.fail_mode}"
    elif there.protocols != tuple(sorted(wanted.protocols)):
        drift = f"speaks {_list(there.protocols, 'all')}, wanted {_list(wanted.protocols, 'all')}"
    elif targets != tuple(sorted(wanted.controllers)):
        drift = f"controllers are {_list(targets)}, wanted {_list(wanted.controllers)}"
    elif there.stp:
        drift = "runs spanning tree, wanted without"
    return Sighting(
        present=True,
        ours=_is_ours(there, wanted.key, mark),
        drift=drift,
        facts={"fail mode": there.fail_mode, "datapath": there.datapath_id},
    )


def _list(values: Sequence[str], none: str = "none") -> str:
    return ", ".join(values) or none
