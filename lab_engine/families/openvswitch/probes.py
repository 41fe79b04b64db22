"""Questions about Open vSwitch: its bridges with their ports and controllers, and their flows.

Readings have the names and values of its database (ovs-vswitchd.conf.db(5)). The one event topic
is `openvswitch`: anything in the database changed. Flows are not in there; a started `ovs-ofctl`
wakes who asked for them.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from lab_engine.common.probe import Probe, Reading

TOPICS: Final = frozenset({"openvswitch"})


class OvsPortReading(msgspec.Struct, frozen=True):
    """A port of a bridge.

    `number` is the one that flows use, 0 when the bridge could not take the interface (`error` says
    why) and 65534 for the bridge's own. `type` is `internal`, `patch`, `vxlan`, ..., empty for an
    interface of the kernel. `interfaces` are several for a bond. `statistics` are packets and
    bytes such as `rx_packets`, up to five seconds old.
    """

    name: str
    number: int = 0
    type: str = ""
    tag: int | None = None
    trunks: tuple[int, ...] = ()
    vlan_mode: str = ""
    interfaces: tuple[str, ...] = ()
    error: str = ""
    mac: str = ""
    statistics: dict[str, int] = {}
    external_ids: dict[str, str] = {}


class OvsController(msgspec.Struct, frozen=True):
    """`role` is `other`, `master` or `slave`; empty as long as it never answered."""

    target: str
    connected: bool = False
    role: str = ""


class OvsBridgeReading(Reading, frozen=True):
    """A bridge. An empty `fail_mode` works as `standalone`, no `protocols` are all of them."""

    exists: bool = True
    name: str = ""
    datapath_type: str = ""
    datapath_id: str = ""
    fail_mode: str = ""
    protocols: tuple[str, ...] = ()
    stp: bool = False
    controllers: tuple[OvsController, ...] = ()
    ports: tuple[OvsPortReading, ...] = ()

    drifts: ClassVar[frozenset[str]] = frozenset({"ports"})

    def port(self, name: str) -> OvsPortReading | None:
        """The port of that name."""
        return next((port for port in self.ports if port.name == name), None)

    @property
    def connected(self) -> bool:
        """Whether a controller has answered it and still does."""
        return any(controller.connected for controller in self.controllers)


class OvsBridgeProbe(Probe[OvsBridgeReading], frozen=True, tag="ovs-bridge"):
    """A bridge with its ports and controllers.

    Example::

        OvsBridgeProbe("s1")
        any(port.name == "p1" and port.tag == 10 for port in reading.ports)
    """

    bridge: str

    reading: ClassVar[type[msgspec.Struct]] = OvsBridgeReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class OvsBridgesReading(Reading, frozen=True):
    """The names of all bridges, sorted."""

    names: tuple[str, ...] = ()


class OvsBridgesProbe(Probe[OvsBridgesReading], frozen=True, tag="ovs-bridges"):
    """Which bridges there are.

    Example::

        OvsBridgesProbe()
        "s1" in reading.names
    """

    reading: ClassVar[type[msgspec.Struct]] = OvsBridgesReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class OvsFlow(msgspec.Struct, frozen=True):
    """A flow as `ovs-ofctl --no-names dump-flows` shows it (ovs-fields(7), ovs-actions(7)).

    `match` is by field; one that is only a word, such as `tcp`, has an empty value. `seconds` is
    its age; the two time-outs are 0 when it does not end by itself. `packets` and `bytes` follow up
    to a second late.
    """

    priority: int
    actions: str
    match: dict[str, str] = {}
    table: int = 0
    cookie: int = 0
    packets: int = 0
    bytes: int = 0
    seconds: float = 0.0
    idle_timeout: int = 0
    hard_timeout: int = 0


class OvsFlowsReading(Reading, frozen=True):
    """All flows of a bridge, by table and falling priority. What counts up is in them."""

    exists: bool = True
    flows: tuple[OvsFlow, ...] = ()

    drifts: ClassVar[frozenset[str]] = frozenset({"flows"})


class OvsFlowsProbe(Probe[OvsFlowsReading], frozen=True, tag="ovs-flows"):
    """The flows of a bridge with their counters.

    Example::

        OvsFlowsProbe("s1")
        any(one.match.get("in_port") == "1" and one.packets for one in reading.flows)
    """

    bridge: str

    reading: ClassVar[type[msgspec.Struct]] = OvsFlowsReading

    def topics(self) -> frozenset[str]:
        return TOPICS | {"process"}
