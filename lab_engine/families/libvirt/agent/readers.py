"""Who answers which of libvirt's probes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.libvirt.agent import of_domains, of_guests, of_networks, of_storage
from lab_engine.families.libvirt.guests import accelerator
from lab_engine.families.libvirt.probes.domain import (
    AcceleratorProbe,
    AcceleratorReading,
    DomainListProbe,
    DomainProbe,
)
from lab_engine.families.libvirt.probes.guest import (
    GuestCommandProbe,
    GuestFileProbe,
    GuestInterfacesProbe,
)
from lab_engine.families.libvirt.probes.network import VirtualNetworkProbe, VirtualNetworksProbe
from lab_engine.families.libvirt.probes.storage import DiskProbe, PoolProbe, PoolsProbe


def accelerator_found(probe: AcceleratorProbe) -> AcceleratorReading:
    answer = accelerator.find()
    return AcceleratorReading(
        accelerator=answer.accelerator, reason=answer.reason, device=accelerator.DEVICE.exists()
    )


READERS: Final[dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]]] = {
    DomainProbe: of_domains.domain,
    DomainListProbe: of_domains.domain_list,
    VirtualNetworkProbe: of_networks.virtual_network,
    VirtualNetworksProbe: of_networks.virtual_networks,
    PoolProbe: of_storage.pool,
    PoolsProbe: of_storage.pools,
    DiskProbe: of_storage.disk,
    GuestCommandProbe: of_guests.guest_command,
    GuestFileProbe: of_guests.guest_file,
    GuestInterfacesProbe: of_guests.guest_interfaces,
    AcceleratorProbe: accelerator_found,
}
