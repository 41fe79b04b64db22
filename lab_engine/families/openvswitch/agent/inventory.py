"""All that Open vSwitch has, with a fingerprint each, and the way to remove it by force.

Keys: `ovs-bridge/NAME`, `ovs-port/NAME`; a bridge's own port counts with the bridge. The first line
of a fingerprint is what the database was told. The second is what is inside: a bridge's flows,
which a controller may change at any time, and whether an internal interface is switched on.
"""

from __future__ import annotations

from typing import Any, Final

from lab_engine.common import digest
from lab_engine.errors import ProviderError
from lab_engine.families.openvswitch.agent import bridge, flows, port, switch
from lab_engine.families.openvswitch.agent.ovsdb import Row, asking, members, uuid_of

_REFERRED: Final = (
    "Port",
    "Interface",
    "Controller",
    "Mirror",
    "QoS",
    "Queue",
    "NetFlow",
    "sFlow",
    "IPFIX",
    "Flow_Table",
    "AutoAttach",
)
_DRIFTS: Final = frozenset(
    {
        "_uuid",
        "_version",
        "admin_state",
        "bfd_status",
        "bond_active_slave",
        "cfm_fault",
        "cfm_fault_status",
        "cfm_flap_count",
        "cfm_health",
        "cfm_remote_mpids",
        "cfm_remote_opstate",
        "datapath_id",
        "datapath_version",
        "duplex",
        "error",
        "ifindex",
        "is_connected",
        "lacp_current",
        "link_resets",
        "link_speed",
        "link_state",
        "mac_in_use",
        "mtu",
        "ofport",
        "role",
        "rstp_statistics",
        "rstp_status",
        "statistics",
        "status",
    }
)
"""Columns that ovs-vswitchd writes, as ovs-vswitchd.conf.db(5) says of each."""


def entries() -> dict[str, str]:
    """Every bridge and port. Raises DaemonDown when Open vSwitch does not answer."""
    found: dict[str, str] = {}
    with asking("list what it has") as connection:
        there = switch.bridges(connection)
        rows, *tables = connection.rows("Bridge", *_REFERRED)
    referred = {uuid: row for table in tables for uuid, row in table.items()}
    for one in there.values():
        # Gone between the two looks.
        if one.uuid not in rows:
            continue
        # A port is an entry of its own: with one more the bridge is the same.
        own = {name: value for name, value in rows[one.uuid].items() if name != "ports"}
        inside = [
            (flow.table, flow.priority, flow.match, flow.actions, flow.cookie)
            for flow in flows.read(one.name, one.protocols)
        ]
        found[f"ovs-bridge/{one.name}"] = (
            f"{digest.of(_plain(own, referred))}\n{digest.of(inside)} {_up(one.name)}"
        )
        for its in one.ports:
            if its.name != one.name and its.uuid in referred:
                text = digest.of(_plain(referred[its.uuid], referred))
                cards = [_up(card.name) for card in its.interfaces if card.type == "internal"]
                found[f"ovs-port/{its.name}"] = f"{one.name} {text}\n{' '.join(cards)}"
    return found


def remove(key: str) -> None:
    """Remove one thing by force, whoever made it. Absent is not an error."""
    kind, _, name = key.partition("/")
    with asking(f"remove {key}", key) as connection:
        there = switch.bridges(connection)
        if kind == "ovs-bridge":
            if name in there:
                bridge.remove(connection, there[name])
        elif kind == "ovs-port":
            for one in there.values():
                for its in one.ports:
                    if its.name == name:
                        port.remove(connection, one, its)
        else:
            raise ProviderError(f"Open vSwitch has nothing of kind {kind!r}", resource=key)


def _plain(row: Row, referred: dict[str, Row]) -> dict[str, Any]:
    """A row with those that it refers to in their place, without what changes by itself."""
    return {name: _value(value, referred) for name, value in row.items() if name not in _DRIFTS}


def _value(value: Any, referred: dict[str, Row]) -> Any:
    if isinstance(value, list) and value[:1] == ["uuid"]:
        return _plain(referred.get(uuid_of(value), {}), referred)
    if isinstance(value, list) and value[:1] == ["set"]:
        return sorted((_value(one, referred) for one in members(value)), key=str)
    if isinstance(value, list) and value[:1] == ["map"]:
        return sorted(([_value(k, referred), _value(v, referred)] for k, v in value[1]), key=str)
    return value


def _up(interface: str) -> str:
    """Whether an interface of the bench is switched on (IFF_UP of netdevice(7))."""
    try:
        flags = int((switch.CARDS / interface / "flags").read_text(), 16)
    except FileNotFoundError:
        return "elsewhere"
    return "up" if flags & 1 else "down"
