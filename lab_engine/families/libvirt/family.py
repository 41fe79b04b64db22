"""libvirt in the bench: QEMU's virtual machines, on KVM or emulated."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Daemon, Drawn, Family, Removal, Shell
from lab_engine.families.libvirt import resources
from lab_engine.families.libvirt.probes import domain, guest, network, storage

CONSOLE: Final = ("/opt/infralab/venv/bin/python", "-I", "/usr/lib/infralab/console.py")
"""`lab_engine/inside/console.py` as it lies in the bench, where the learner may run it."""

FAMILY: Final = Family(
    name="libvirt",
    threads=8,
    daemon=Daemon(
        "/run/libvirt/libvirt-sock",
        ("libvirtd", "virtlogd", "qemu-system-x86_64", "dnsmasq"),
        # A dnsmasq of a network runs a helper of libvirt at each lease.
        starters=("libvirtd", "virtlogd", "qemu-", "dnsmasq"),
    ),
    resources={
        resources.VM: "vm:VMProvider",
        resources.VirtualNetwork: "network:VirtualNetworkProvider",
        resources.Pool: "pool:PoolProvider",
        resources.Disk: "disk:DiskProvider",
        resources.Snapshot: "snapshot:SnapshotProvider",
    },
    probes=(
        domain.AcceleratorProbe,
        domain.DomainEventsProbe,
        domain.DomainListProbe,
        domain.DomainProbe,
        guest.GuestCommandProbe,
        guest.GuestFileProbe,
        guest.GuestInterfacesProbe,
        guest.GuestMountProbe,
        network.VirtualNetworkProbe,
        network.VirtualNetworksProbe,
        storage.DiskProbe,
        storage.PoolProbe,
        storage.PoolsProbe,
        storage.SnapshotFileProbe,
    ),
    readers=("readers", "journal", "mounts", "held"),
    places={"guest": "within"},
    journal="journal",
    topics={"libvirt": "events:LibvirtEvents"},
    inventory="inventory",
    removal={
        "vm": Removal.MACHINES,
        "virtual-network": Removal.STORES,
        "nwfilter": Removal.STORES,
        "secret": Removal.STORES,
        "stray": Removal.STORES,
        "disk": Removal.STORES,
        "pool": Removal.STORES,
    },
    machinery="machinery",
    interfaces="interfaces",
    fleeting="fleeting",
    drawn={"vm": Drawn("VM", "place", "▢"), "pool": Drawn("pool", "store", "▦")},
    shells={"vm": Shell((*CONSOLE, "{}"), "▢")},
)
