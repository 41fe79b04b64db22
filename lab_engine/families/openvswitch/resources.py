"""Bridges and ports of Open vSwitch, in the words of its database (ovs-vswitchd.conf.db(5))."""

from __future__ import annotations

import re
from typing import ClassVar, Final, Literal

from lab_engine.common.resource import Need, Resource

INTERFACE_LIMIT: Final = 15
"""IFNAMSIZ without the final zero (netdevice(7))."""
VLAN_LIMIT: Final = 4095
PORT_LIMIT: Final = 0xFEFF
"""The highest number of a port that is not reserved (OFPP_MAX of OpenFlow 1.0)."""

Protocol = Literal[
    "OpenFlow10", "OpenFlow11", "OpenFlow12", "OpenFlow13", "OpenFlow14", "OpenFlow15"
]

_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}\Z")
_TARGET = re.compile(r"(tcp|ssl):[^\s:]+(:\d{1,5})?\Z|unix:/\S+\Z|p(tcp|ssl):\d*\S*\Z|punix:/\S+\Z")
# `all` and `default` are folders of net.ipv4.conf, `ovs-netdev` is the datapath's own tap.
_OWN: Final = ("lo", "all", "default", "ovs-netdev")


def _name_problem(name: str) -> str:
    return f"{name!r} is a name that the bench keeps for itself" if name in _OWN else ""


class OvsBridge(Resource, frozen=True, kw_only=True, tag="ovs-bridge"):
    """A bridge of Open vSwitch; its name is also that of its internal interface.

    Its packets go through ovs-vswitchd itself (`datapath_type` `netdev`): a bench may not load
    kernel modules. What a learner types and sees is the same.

    Args:
        fail_mode: `standalone` learns addresses and forwards as a plain switch: at once without
            controllers, else when none has answered for some 15 seconds (three times the inactivity
            probe). `secure` forwards only what a flow says.
        protocols: the versions of OpenFlow that it speaks; empty for all.
        controllers: where its controllers are, such as `tcp:127.0.0.1:6653`.

    Example::

        OvsBridge("s1", fail_mode="secure", protocols=("OpenFlow13",))
    """

    fail_mode: Literal["standalone", "secure"] = "standalone"
    protocols: tuple[Protocol, ...] = ()
    controllers: tuple[str, ...] = ()

    name_pattern: ClassVar[re.Pattern[str]] = _INTERFACE

    def validate(self) -> None:
        if problem := _name_problem(self.name):
            raise self.wrong("name", problem)
        for index, target in enumerate(self.controllers):
            if not _TARGET.match(target):
                raise self.wrong(
                    f"controllers[{index}]",
                    f"{target!r} is no target of a connection",
                    hint="Write it as tcp:127.0.0.1:6653 (ovs-vsctl(8), Controller Connectivity).",
                )


class OvsPort(Resource, frozen=True, kw_only=True, tag="ovs-port"):
    """A port of a bridge of Open vSwitch; its name is the interface's.

    With `link` the interface is an end of that cable, in the bench itself. The other end then
    computes its checksums itself, as with `ethtool -K eth0 tx off`: otherwise they would be left to
    a network card that is not there, and every TCP segment would be dropped. Without `link` it is
    an internal interface that Open vSwitch makes, down until somebody switches it on.

    Args:
        bridge: the name of an `ovs-bridge` of the step.
        link: the name of a `link` of the step, one of whose ends is called as the port is.
        tag: the VLAN of an access port, or the native one; None for no VLAN.
        trunks: the VLANs that a trunk carries; empty for all.
        vlan_mode: empty for `access` with a tag and `trunk` without.
        number: its number in flows; 0 lets the bridge choose.

    Example::

        OvsPort("p1", bridge="s1", link="cable-1", tag=10, number=1)
    """

    bridge: str
    link: str = ""
    tag: int | None = None
    trunks: tuple[int, ...] = ()
    vlan_mode: Literal["", "access", "trunk", "native-tagged", "native-untagged"] = ""
    number: int = 0

    name_pattern: ClassVar[re.Pattern[str]] = _INTERFACE

    def validate(self) -> None:
        if problem := _name_problem(self.name):
            raise self.wrong("name", problem)
        if self.name == self.bridge:
            raise self.wrong("name", "is that of the bridge's own port, which is there anyway")
        for field, vlan in (("tag", self.tag), *(("trunks", one) for one in self.trunks)):
            if vlan is not None and not 0 <= vlan <= VLAN_LIMIT:
                raise self.wrong(field, f"{vlan} is no VLAN; they go from 0 to {VLAN_LIMIT}")
        if tuple(sorted(set(self.trunks))) != self.trunks:
            raise self.wrong("trunks", "write each VLAN once, in ascending order")
        if self.vlan_mode == "access" and (self.tag is None or self.trunks):
            raise self.wrong("vlan_mode", "an access port has a tag and no trunks")
        if self.vlan_mode == "trunk" and self.tag is not None:
            raise self.wrong(
                "vlan_mode", "a trunk has no tag; say native-tagged or native-untagged"
            )
        if self.vlan_mode.startswith("native") and self.tag is None:
            raise self.wrong("vlan_mode", "say in `tag` which VLAN is the native one")
        if not 0 <= self.number <= PORT_LIMIT:
            raise self.wrong("number", f"{self.number} is not from 1 to {PORT_LIMIT}, or 0")

    def needs(self) -> tuple[Need, ...]:
        link = (Need(f"link/{self.link}"),) if self.link else ()
        return (Need(f"ovs-bridge/{self.bridge}"), *link)
