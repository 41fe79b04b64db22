"""Find volumes of the bench's pools by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import libvirt

from lab_engine.providers.libvirt.connection import connect, found


@dataclass(frozen=True, slots=True)
class VolumeFacts:
    """A volume as libvirt sees it; sizes in bytes."""

    pool: str
    name: str
    path: str
    format: str
    capacity: int
    allocation: int
    backing: str


def refresh(pool: Any) -> None:
    """Make libvirt look at the pool's folder again. A pool that does not run stays as it is."""
    if pool.isActive():
        pool.refresh(0)


def facts(volume: Any) -> VolumeFacts:
    """The facts of a `libvirt.virStorageVol`."""
    root = ET.fromstring(volume.XMLDesc(0))  # noqa: S314 - libvirtd wrote it
    kind = root.find("target/format")
    return VolumeFacts(
        volume.storagePoolLookupByVolume().name(),
        volume.name(),
        root.findtext("target/path", ""),
        "" if kind is None else kind.get("type", ""),
        int(root.findtext("capacity", "0")),
        int(root.findtext("allocation", "0")),
        root.findtext("backingStore/path", ""),
    )


def find(name: str, pool: str = "") -> VolumeFacts | None:
    """The volume `name` of one pool, or of the first that has it; None without.

    A file that libvirt does not know yet is found after a refresh.
    """
    for candidate in _active_pools(pool):
        volume = found(candidate.storageVolLookupByName, name)
        if volume is not None and not Path(volume.path()).exists():
            refresh(candidate)
            volume = found(candidate.storageVolLookupByName, name)
        if volume is not None:
            return facts(volume)
    for candidate in _active_pools(pool):
        refresh(candidate)
        volume = found(candidate.storageVolLookupByName, name)
        if volume is not None:
            return facts(volume)
    return None


def _active_pools(name: str) -> list[Any]:
    connection = connect()
    if name:
        pool = found(connection.storagePoolLookupByName, name)
        return [pool] if pool is not None and pool.isActive() else []
    pools = connection.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE)
    return sorted(pools, key=lambda pool: str(pool.name()))
