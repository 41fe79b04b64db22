"""What Open vSwitch has, read in one look: bridges with their ports and controllers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common.sighting import Sighting
from lab_engine.errors import ProviderError
from lab_engine.families.openvswitch.agent.ovsdb import (
    Connection,
    Row,
    members,
    only,
    pairs,
    uuid_of,
)
from lab_engine.families.provider import MARK_PREFIX, Mark, Owned

CARDS: Final = Path("/sys/class/net")
"""The bench's own interfaces, by name."""
STRANGER: Final = Sighting(present=True, drift="is an interface that Open vSwitch did not make")


class InterfaceFacts(msgspec.Struct, frozen=True):
    """`number` is 0 without one, and below 0 when it could not be had."""

    name: str
    type: str
    error: str
    number: int
    wanted_number: int
    mac: str
    statistics: dict[str, int]


class PortFacts(msgspec.Struct, frozen=True):
    uuid: str
    name: str
    tag: int | None
    trunks: tuple[int, ...]
    vlan_mode: str
    external_ids: dict[str, str]
    interfaces: tuple[InterfaceFacts, ...]


class ControllerFacts(msgspec.Struct, frozen=True):
    target: str
    connected: bool
    role: str


class BridgeFacts(msgspec.Struct, frozen=True):
    uuid: str
    name: str
    datapath_type: str
    datapath_id: str
    fail_mode: str
    protocols: tuple[str, ...]
    stp: bool
    external_ids: dict[str, str]
    controllers: tuple[ControllerFacts, ...]
    ports: tuple[PortFacts, ...]


def bridges(connection: Connection) -> dict[str, BridgeFacts]:
    """All bridges by name. Raises OSError and RefusedError."""
    # In one transaction: whatever a row refers to is there in its own table.
    tables = ("Bridge", "Port", "Interface", "Controller")
    found, ports, interfaces, controllers = connection.rows(*tables)
    return {
        row["name"]: BridgeFacts(
            uuid=uuid,
            name=row["name"],
            datapath_type=row["datapath_type"],
            datapath_id=only(row["datapath_id"]),
            fail_mode=only(row["fail_mode"]),
            protocols=tuple(sorted(members(row["protocols"]))),
            stp=row["stp_enable"],
            external_ids=pairs(row["external_ids"]),
            controllers=tuple(
                sorted(
                    (_controller(controllers[uuid_of(one)]) for one in members(row["controller"])),
                    key=lambda one: one.target,
                )
            ),
            ports=tuple(
                sorted(
                    (_port(ports[uuid_of(one)], interfaces) for one in members(row["ports"])),
                    key=lambda one: one.name,
                )
            ),
        )
        for uuid, row in sorted(found.items(), key=lambda item: str(item[1]["name"]))
    }


def _controller(row: Row) -> ControllerFacts:
    return ControllerFacts(row["target"], row["is_connected"], only(row["role"]))


def _port(row: Row, interfaces: dict[str, Row]) -> PortFacts:
    its = [interfaces[uuid_of(one)] for one in members(row["interfaces"])]
    return PortFacts(
        uuid=uuid_of(row["_uuid"]),
        name=row["name"],
        tag=only(row["tag"], None),
        trunks=tuple(sorted(members(row["trunks"]))),
        vlan_mode=only(row["vlan_mode"]),
        external_ids=pairs(row["external_ids"]),
        interfaces=tuple(sorted((_interface(one) for one in its), key=lambda one: one.name)),
    )


def _interface(row: Row) -> InterfaceFacts:
    return InterfaceFacts(
        name=row["name"],
        type=row["type"],
        error=only(row["error"]),
        number=only(row["ofport"], 0),
        wanted_number=only(row["ofport_request"], 0),
        mac=only(row["mac_in_use"]),
        statistics=pairs(row["statistics"]),
    )


def mark_of(external_ids: dict[str, str]) -> str:
    """The mark in a row's `external_ids`; empty without."""
    return external_ids.get(MARK_PREFIX, "")


def marked(mark: Mark, key: str) -> list[Any]:
    """The `external_ids` of a row of ours."""
    return ["map", [[MARK_PREFIX, mark.text(key)]]]


def owned(external_ids: dict[str, str], kind: str) -> Owned | None:
    """Whose a row is, if it is one of ours of that kind."""
    found = Owned.parse(mark_of(external_ids))
    return found if found and found.key.startswith(f"{kind}/") else None


def is_taken(name: str) -> bool:
    """Whether the bench has an interface of that name already."""
    return (CARDS / name).exists()


def foreign(what: str, key: str, look: str) -> ProviderError:
    """The error for a name that is taken by something which is not ours."""
    return ProviderError(
        f"{what} is there already, and infralab did not make it",
        resource=key,
        hint=f"Look at it with `{look}`; remove it if you do not need it.",
    )
