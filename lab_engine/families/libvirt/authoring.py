"""What a lab may ask for and ask about of libvirt."""

from __future__ import annotations

from lab_engine.families.libvirt.probes.domain import (
    AcceleratorProbe,
    AcceleratorReading,
    DomainDisk,
    DomainEventsProbe,
    DomainInterface,
    DomainListProbe,
    DomainListReading,
    DomainProbe,
    DomainReading,
    DomainSnapshot,
)
from lab_engine.families.libvirt.probes.guest import (
    GuestCard,
    GuestCommandProbe,
    GuestCommandReading,
    GuestFileProbe,
    GuestFileReading,
    GuestInterfacesProbe,
    GuestInterfacesReading,
    GuestMountProbe,
    GuestMountReading,
)
from lab_engine.families.libvirt.probes.network import (
    Lease,
    VirtualNetworkProbe,
    VirtualNetworkReading,
    VirtualNetworksProbe,
    VirtualNetworksReading,
)
from lab_engine.families.libvirt.probes.storage import (
    DiskProbe,
    DiskReading,
    PoolProbe,
    PoolReading,
    PoolsProbe,
    PoolsReading,
    PoolSummary,
    SnapshotFileProbe,
    SnapshotFileReading,
)
from lab_engine.families.libvirt.requirements.disks import (
    require_disk,
    require_guest_mount,
    require_volume,
)
from lab_engine.families.libvirt.requirements.domains import (
    require_booted,
    require_domain,
)
from lab_engine.families.libvirt.requirements.networks import (
    require_card,
    require_virtual_network,
)
from lab_engine.families.libvirt.requirements.snapshots import (
    require_reverted,
    require_snapshot,
)
from lab_engine.families.libvirt.resources import (
    SMALL_INITRAMFS,
    SMALL_KERNEL,
    VM,
    Disk,
    DiskUse,
    Nic,
    Pool,
    Reservation,
    Snapshot,
    VirtualNetwork,
)

__all__ = [
    "SMALL_INITRAMFS",
    "SMALL_KERNEL",
    "VM",
    "AcceleratorProbe",
    "AcceleratorReading",
    "Disk",
    "DiskProbe",
    "DiskReading",
    "DiskUse",
    "DomainDisk",
    "DomainEventsProbe",
    "DomainInterface",
    "DomainListProbe",
    "DomainListReading",
    "DomainProbe",
    "DomainReading",
    "DomainSnapshot",
    "GuestCard",
    "GuestCommandProbe",
    "GuestCommandReading",
    "GuestFileProbe",
    "GuestFileReading",
    "GuestInterfacesProbe",
    "GuestInterfacesReading",
    "GuestMountProbe",
    "GuestMountReading",
    "Lease",
    "Nic",
    "Pool",
    "PoolProbe",
    "PoolReading",
    "PoolSummary",
    "PoolsProbe",
    "PoolsReading",
    "Reservation",
    "Snapshot",
    "SnapshotFileProbe",
    "SnapshotFileReading",
    "VirtualNetwork",
    "VirtualNetworkProbe",
    "VirtualNetworkReading",
    "VirtualNetworksProbe",
    "VirtualNetworksReading",
    "require_booted",
    "require_card",
    "require_disk",
    "require_domain",
    "require_guest_mount",
    "require_reverted",
    "require_snapshot",
    "require_virtual_network",
    "require_volume",
]
