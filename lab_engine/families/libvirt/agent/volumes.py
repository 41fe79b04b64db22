"""Find volumes of the bench's pools by name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import libvirt

from lab_engine.families.libvirt.agent import qcow2
from lab_engine.families.libvirt.agent.connection import connect, found


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


_seen: dict[str, dict[str, int]] = {}
"""The files that were in a pool's folder when it was last refreshed, with their inode numbers."""


def refresh(pool: Any) -> None:
    """Make libvirt look at the pool's folder again if a file came, went or was replaced there.

    Each refresh is an event that wakes whoever waits for news of pools, so it must not be done for
    nothing. A pool that does not run, or is no folder, stays as it is.
    """
    path = ET.fromstring(pool.XMLDesc(0)).findtext("target/path", "")  # noqa: S314
    if not pool.isActive() or not Path(path).is_dir():
        return
    files = {entry.name: entry.inode() for entry in os.scandir(path)}
    if _seen.get(path) != files:
        pool.refresh(0)
        _seen[path] = files


def facts(volume: Any) -> VolumeFacts:
    """The facts of a `libvirt.virStorageVol`."""
    root = ET.fromstring(volume.XMLDesc(0))  # noqa: S314 - libvirtd wrote it
    path = root.findtext("target/path", "")
    kind = root.find("target/format")
    # libvirt knows these three from its last look at the folder, which others may have written to.
    header = qcow2.read(path)
    capacity = header.capacity if header else int(root.findtext("capacity", "0"))
    backing = header.backing if header else root.findtext("backingStore/path", "")
    return VolumeFacts(
        volume.storagePoolLookupByVolume().name(),
        volume.name(),
        path,
        "qcow2" if header else "" if kind is None else kind.get("type", ""),
        capacity,
        int(root.findtext("allocation", "0")),
        backing,
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
