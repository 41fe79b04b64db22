"""Questions about libvirt's virtual networks. Event topic: `libvirt:network`."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading
from lab_engine.families.libvirt.resources import Reservation


class Lease(msgspec.Struct, frozen=True):
    """An address that DHCP gave out. `expires` is 0 for one without end."""

    address: str
    mac: str
    hostname: str = ""
    expires: int = 0


class VirtualNetworkReading(Reading, frozen=True):
    """One network of libvirt. `mode` is `nat`, `isolated`, `route`, `open` and so on.

    A field that begins with `config_` is about the definition, that is, about the next start; the
    others are about now, as far as it runs. `reservations` are the addresses that DHCP keeps.
    """

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
    reservations: tuple[Reservation, ...] = ()
    leases: tuple[Lease, ...] = ()
    config_mode: str = ""
    config_address: str = ""
    config_dhcp: tuple[str, str] | None = None
    config_reservations: tuple[Reservation, ...] = ()

    def lease(self, mac: str) -> str:
        """The address that the card of this MAC was given; empty for none."""
        return next((one.address for one in self.leases if one.mac == mac.lower()), "")


class VirtualNetworkProbe(Probe[VirtualNetworkReading], frozen=True, tag="virtual-network"):
    """A virtual network by its name, as in `virsh net-dumpxml` and `virsh net-dhcp-leases`.

    Example::

        VirtualNetworkProbe("lab-net")
        reading.active and reading.lease("52:54:00:00:00:11") == "192.168.130.11"
    """

    network: str

    reading: ClassVar[type[msgspec.Struct]] = VirtualNetworkReading

    def topics(self) -> frozenset[str]:
        return frozenset({"libvirt:network"})


class VirtualNetworksReading(Reading, frozen=True):
    """The names of all networks, running or not, sorted; `given` are those that a step made."""

    names: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


class VirtualNetworksProbe(Probe[VirtualNetworksReading], frozen=True, tag="virtual-networks"):
    """All virtual networks, as in `virsh net-list --all`.

    Example::

        VirtualNetworksProbe()
        "lab-net" in reading.names
    """

    reading: ClassVar[type[msgspec.Struct]] = VirtualNetworksReading

    def topics(self) -> frozenset[str]:
        return frozenset({"libvirt:network"})
