"""Questions about libvirt's virtual networks. Event topic: `libvirt:network`."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading


class Lease(msgspec.Struct, frozen=True):
    """An address that DHCP gave out. `expires` is 0 for one without end."""

    address: str
    mac: str
    hostname: str = ""
    expires: int = 0


class VirtualNetworkReading(Reading, frozen=True):
    """One network of libvirt. `mode` is `nat`, `isolated`, `route`, `open` and so on."""

    exists: bool = True
    active: bool = False
    persistent: bool = False
    autostart: bool = False
    uuid: str = ""
    mode: str = ""
    bridge: str = ""
    address: str = ""
    """The bench's own, as `192.168.130.1/24`."""
    dhcp: tuple[str, str] | None = None
    domain: str = ""
    leases: tuple[Lease, ...] = ()


class VirtualNetworkProbe(Probe[VirtualNetworkReading], frozen=True, tag="virtual-network"):
    """A virtual network by its name, as in `virsh net-dumpxml` and `virsh net-dhcp-leases`.

    Example::

        VirtualNetworkProbe("lab-net")
        reading.active and any(lease.hostname == "alpha" for lease in reading.leases)
    """

    network: str

    reading: ClassVar[type[msgspec.Struct]] = VirtualNetworkReading

    def topics(self) -> frozenset[str]:
        return frozenset({"libvirt:network"})
