"""Questions about storage pools and volumes; sizes in bytes. Event topic: `libvirt:pool`."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading


class PoolReading(Reading, frozen=True):
    """One storage pool; sizes in bytes."""

    drifts: ClassVar[frozenset[str]] = frozenset({"available"})

    exists: bool = True
    active: bool = False
    persistent: bool = False
    autostart: bool = False
    type: str = ""
    path: str = ""
    volumes: tuple[str, ...] = ()
    capacity: int = 0
    available: int = 0


class PoolProbe(Probe[PoolReading], frozen=True, tag="pool"):
    """A storage pool by its name, as in `virsh pool-info`.

    Example::

        PoolProbe("lab-pool")
        reading.active and "data" in reading.volumes
    """

    pool: str

    reading: ClassVar[type[msgspec.Struct]] = PoolReading

    def topics(self) -> frozenset[str]:
        return frozenset({"libvirt:pool"})


class PoolSummary(msgspec.Struct, frozen=True):
    """A pool by name. `given` says that a step made it; `added` are its volumes that none made."""

    name: str
    given: bool = False
    added: tuple[str, ...] = ()


class PoolsReading(Reading, frozen=True):
    """All storage pools, active or not, by name."""

    pools: tuple[PoolSummary, ...] = ()


class PoolsProbe(Probe[PoolsReading], frozen=True, tag="pools"):
    """All storage pools, as in `virsh pool-list --all`, and what a learner put into them.

    Example::

        PoolsProbe()
        any(one.added for one in reading.pools)
    """

    reading: ClassVar[type[msgspec.Struct]] = PoolsReading

    def topics(self) -> frozenset[str]:
        return frozenset({"libvirt:pool"})


class DiskReading(Reading, frozen=True):
    """One volume; sizes in bytes. `backing` is the path of its backing file, if any.

    `file` is as in DomainDisk.
    """

    exists: bool = True
    path: str = ""
    format: str = ""
    capacity: int = 0
    allocation: int = 0
    backing: str = ""
    file: str = ""


class DiskProbe(Probe[DiskReading], frozen=True, tag="disk"):
    """A volume by pool and name, as in `virsh vol-info`. The pool is looked through again first.

    Example::

        DiskProbe("lab-pool", "data")
        reading.format == "qcow2" and reading.capacity == 64 << 20
    """

    pool: str
    volume: str

    reading: ClassVar[type[msgspec.Struct]] = DiskReading

    def topics(self) -> frozenset[str]:
        return frozenset({"libvirt:pool"})


class SnapshotFileReading(Reading, frozen=True):
    """A file in a snapshot. `exists` is false without that VM, snapshot or disk."""

    exists: bool = True
    holds: bool = False
    text: str = ""


class SnapshotFileProbe(Probe[SnapshotFileReading], frozen=True, tag="snapshot-file"):
    """A file (64 KiB of it) on a disk with ext2 to ext4, as an internal snapshot holds it.

    `target` is the disk by its name in the VM, `path` the file within that filesystem. Reading
    takes half a second, and is remembered.

    Example::

        SnapshotFileProbe("alpha", "before", "vda", "/ledger")
        not reading.exists or reading.holds
    """

    domain: str
    snapshot: str
    target: str
    path: str

    reading: ClassVar[type[msgspec.Struct]] = SnapshotFileReading

    def topics(self) -> frozenset[str]:
        return frozenset({"libvirt:domain"})
