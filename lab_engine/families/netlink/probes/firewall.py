"""Questions about the packet filter of a place. Event topic: `nft`.

Places, and what makes and ends them, are as in `lab_engine.families.netlink.probes.network`.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from lab_engine.common.place import BENCH, Place, Placed
from lab_engine.common.probe import Probe, Reading
from lab_engine.families.netlink.probes.network import PLACE_TOPICS


class FirewallRule(msgspec.Struct, frozen=True):
    """One rule; `expressions` are those of libnftables-json(5), `hook` its chain's, if any."""

    family: str
    table: str
    chain: str
    hook: str
    expressions: tuple[dict[str, Any], ...]
    comment: str = ""


class FirewallChain(msgspec.Struct, frozen=True):
    """One chain; the last four are empty for one that is not called by the kernel itself."""

    family: str
    table: str
    name: str
    type: str = ""
    hook: str = ""
    priority: int | None = None
    policy: str = ""


class FirewallReading(Reading, frozen=True):
    """The packet filter of a place as nft sees it; `tables` are texts such as `ip nat`."""

    exists: bool = True
    tables: tuple[str, ...] = ()
    chains: tuple[FirewallChain, ...] = ()
    rules: tuple[FirewallRule, ...] = ()

    def at(self, hook: str) -> tuple[FirewallRule, ...]:
        """The rules of the chains at a hook, such as `postrouting`."""
        return tuple(rule for rule in self.rules if rule.hook == hook)


class FirewallProbe(Placed, Probe[FirewallReading], frozen=True, tag="firewall"):
    """All rules of a place, those of `iptables-nft` included.

    Example::

        FirewallProbe(place.host("router"))
        len(reading.at("postrouting")) > 0
    """

    place: Place = BENCH

    reading: ClassVar[type[msgspec.Struct]] = FirewallReading

    def topics(self) -> frozenset[str]:
        return PLACE_TOPICS | {"nft"}
