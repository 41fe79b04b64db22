"""Bridges, marked by their alias."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lab_engine.common.sighting import ABSENT, Sighting
from lab_engine.families.netlink.agent import interfaces, marks
from lab_engine.families.netlink.agent.rtnl import rtnl_of
from lab_engine.families.netlink.resources import Bridge
from lab_engine.families.provider import Mark, Owned, Provider, Say


class BridgeProvider(Provider[Bridge]):
    resource = Bridge
    family = "netlink"

    def observe(self, wanted: Sequence[Bridge], mark: Mark) -> dict[str, Sighting]:
        with marks.asking("look at the bridges"):
            return {bridge.name: _observe(bridge, mark) for bridge in wanted}

    def create(self, wanted: Bridge, mark: Mark, say: Say) -> None:
        text = mark.text(wanted.key)
        with (
            marks.asking(f"make the bridge in {marks.where(wanted.host)}", wanted.key),
            rtnl_of(wanted.host) as connection,
        ):
            without_stp = (("IFLA_BR_STP_STATE", 0),)
            interfaces.make(
                interfaces.request(wanted.name, "bridge", without_stp, text),
                wanted.key,
                text,
                interfaces.Site(connection, wanted.host, wanted.name),
            )
            # A bridge keeps its MTU, whatever its ports have, once it was given another one.
            # One that it has already is not given (dev_set_mtu, br_mtu_auto_adjust in the kernel).
            for mtu in (wanted.mtu ^ 1, wanted.mtu):
                interfaces.settle(connection, wanted.name, text, ("IFLA_MTU", mtu))
        interfaces.whereabouts.saw(text, wanted.host, wanted.name)

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"bridge/{name}"
        with marks.asking("remove the bridge", key):
            interfaces.remove_marked(mark.text(key))

    def owned(self) -> Iterable[Owned]:
        with marks.asking("list the bridges"):
            yield from interfaces.marked("bridge")


def _observe(wanted: Bridge, mark: Mark) -> Sighting:
    text = mark.text(wanted.key)
    with marks.each(wanted.host) as connection:
        there = connection.link(wanted.name) if connection else None
    if there is None:
        return ABSENT
    ours = interfaces.bears(there, text)
    if ours:
        interfaces.whereabouts.saw(text, wanted.host, wanted.name)
    drift = ""
    if there.kind != "bridge":
        drift = "is no bridge"
    elif not there.up:
        drift = "is down"
    elif there.stp:
        drift = "runs spanning tree, wanted without"
    elif there.mtu != wanted.mtu:
        drift = f"has MTU {there.mtu}, wanted {wanted.mtu}"
    return Sighting(present=True, ours=ours, drift=drift, facts={"mac": there.mac})
