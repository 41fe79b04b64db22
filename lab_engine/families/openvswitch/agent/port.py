"""Ports of Open vSwitch's bridges, marked in their `external_ids`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from lab_engine.errors import ProviderError
from lab_engine.families.openvswitch.agent import offload, switch
from lab_engine.families.openvswitch.agent.ovsdb import (
    Connection,
    a_set,
    asking,
    insert,
    join,
    new,
    part,
    row_is,
)
from lab_engine.families.openvswitch.agent.switch import BridgeFacts, PortFacts
from lab_engine.families.openvswitch.resources import OvsPort
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting


class OvsPortProvider(Provider[OvsPort]):
    resource = OvsPort
    family = "openvswitch"
    limits: ClassVar[dict[str, float]] = {"create": 30, "destroy": 20}

    def observe(self, wanted: Sequence[OvsPort], mark: Mark) -> dict[str, Sighting]:
        with asking("list its ports") as connection:
            there = switch.bridges(connection)
        return {one.name: _sighting(one, there, mark) for one in wanted}

    def create(self, wanted: OvsPort, mark: Mark, say: Say) -> None:
        with asking(f"make the port {wanted.name}", wanted.key) as connection:
            there = switch.bridges(connection)
            self._make_room(connection, wanted, there, mark)
            if wanted.bridge not in there:
                raise ProviderError(
                    f"there is no bridge {wanted.bridge!r}",
                    resource=wanted.key,
                    hint="`sudo ovs-vsctl list-br` lists them.",
                )
            connection.change(
                insert("Interface", "card", _interface(wanted)),
                insert("Port", "port", _port(wanted, mark)),
                join("Bridge", row_is(there[wanted.bridge].uuid), "ports", new("port")),
            )
            # The database takes any name. What ovs-vswitchd could not do with it stands in a
            # column.
            made = _found(wanted.name, switch.bridges(connection))
            error = (
                next((card.error for card in made[1].interfaces if card.error), "") if made else ""
            )
            if made and error:
                remove(connection, *made)
                raise ProviderError(
                    f"Open vSwitch could not take the interface: {error}",
                    resource=wanted.key,
                    hint="`sudo tail /var/log/infralab/ovs-vswitchd.log` in the bench says more.",
                )
        if wanted.link:
            offload.switch_off(wanted.name, wanted.key)

    def _make_room(
        self, connection: Connection, wanted: OvsPort, there: dict[str, BridgeFacts], mark: Mark
    ) -> None:
        """Remove what is ours under that name. Raises ProviderError for what is not."""
        if found := _found(wanted.name, there):
            bridge, port = found
            if not _is_ours(port, wanted.key, mark):
                raise switch.foreign(
                    f"a port called {wanted.name!r} of the bridge {bridge.name}",
                    wanted.key,
                    "sudo ovs-vsctl show",
                )
            remove(connection, bridge, port)
        elif not wanted.link and switch.is_taken(wanted.name):
            raise switch.foreign(
                f"an interface called {wanted.name!r}", wanted.key, f"ip -d link show {wanted.name}"
            )
        if wanted.link and not switch.is_taken(wanted.name):
            raise ProviderError(
                f"the link {wanted.link!r} has no end called {wanted.name!r} in the bench itself",
                resource=wanted.key,
                hint="A port has the name of the end that is not in a host.",
            )

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"ovs-port/{name}"
        with asking(f"remove the port {name}", key) as connection:
            found = _found(name, switch.bridges(connection))
            if found and _is_ours(found[1], key, mark):
                remove(connection, *found)

    def owned(self) -> Iterable[Owned]:
        with asking("list its ports") as connection:
            there = switch.bridges(connection).values()
        return [
            mine
            for bridge in there
            for port in bridge.ports
            if (mine := switch.owned(port.external_ids, "ovs-port"))
        ]


def remove(connection: Connection, bridge: BridgeFacts, port: PortFacts) -> None:
    """Take a port off its bridge. An internal interface goes with it."""
    connection.change(part("Bridge", row_is(bridge.uuid), "ports", port.uuid))


def _interface(wanted: OvsPort) -> dict[str, Any]:
    row: dict[str, Any] = {"name": wanted.name, "type": "" if wanted.link else "internal"}
    return row | ({"ofport_request": wanted.number} if wanted.number else {})


def _port(wanted: OvsPort, mark: Mark) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": wanted.name,
        "interfaces": new("card"),
        "trunks": a_set(wanted.trunks),
        "external_ids": switch.marked(mark, wanted.key),
    }
    row |= {} if wanted.tag is None else {"tag": wanted.tag}
    return row | ({"vlan_mode": wanted.vlan_mode} if wanted.vlan_mode else {})


def _found(name: str, there: Mapping[str, BridgeFacts]) -> tuple[BridgeFacts, PortFacts] | None:
    """The port of that name, or the bond that has the interface."""
    for bridge in there.values():
        for port in bridge.ports:
            if name == port.name or any(name == card.name for card in port.interfaces):
                return bridge, port
    return None


def _is_ours(port: PortFacts, key: str, mark: Mark) -> bool:
    return switch.mark_of(port.external_ids) == mark.text(key)


def _sighting(wanted: OvsPort, there: Mapping[str, BridgeFacts], mark: Mark) -> Sighting:
    found = _found(wanted.name, there)
    if found is None:
        taken = not wanted.link and switch.is_taken(wanted.name)
        return switch.STRANGER if taken else ABSENT
    bridge, port = found
    return Sighting(
        present=True,
        ours=_is_ours(port, wanted.key, mark),
        drift=_drift(wanted, bridge, port),
        facts={"bridge": bridge.name, "number": str(port.interfaces[0].number)},
    )


def _drift(wanted: OvsPort, bridge: BridgeFacts, port: PortFacts) -> str:
    card = port.interfaces[0]
    kind = "" if wanted.link else "internal"
    compared = (
        ("its bridge", bridge.name, wanted.bridge),
        ("its tag", _text(port.tag), _text(wanted.tag)),
        ("its trunks", _text(*port.trunks), _text(*wanted.trunks)),
        ("its VLAN mode", port.vlan_mode or "unset", wanted.vlan_mode or "unset"),
        ("its type", card.type or "none", kind or "none"),
        ("its number", card.wanted_number, wanted.number),
    )
    if len(port.interfaces) > 1:
        return f"is a bond of {len(port.interfaces)} interfaces"
    if wanted.link and not switch.is_taken(wanted.name):
        return "its interface is gone"
    if wanted.number and card.number > 0 and card.number != wanted.number:
        return f"its number is {card.number}, wanted {wanted.number}"
    if card.error:
        return f"Open vSwitch cannot use it: {card.error}"
    return next(
        (f"{what} is {is_}, wanted {want}" for what, is_, want in compared if is_ != want), ""
    )


def _text(*values: int | None) -> str:
    return " ".join(str(value) for value in values if value is not None) or "none"
