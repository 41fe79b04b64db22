"""Find volumes of the bench's pools by name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libvirt

from lab_engine.families.libvirt.agent import qcow2
from lab_engine.families.libvirt.agent.connection import connect, found
from lab_engine.families.libvirt.agent.parsed import parsed


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


@dataclass(frozen=True, slots=True)
class _Look:
    """A pool at its last refresh: the files in its folder by inode, the volumes libvirt had then.

    The files alone would not do. A pool that was made anew, or a volume that libvirt deleted, can
    leave a folder that looks as it did: file systems give the inode of the last file to the next.
    """

    files: dict[str, int]
    known: frozenset[str]


_looks: dict[str, _Look] = {}
"""By the path of the pool's folder."""


def refresh(pool: Any) -> None:
    """Make libvirt look at the pool's folder again if something came, went or was replaced there.

    Each refresh is an event that wakes whoever waits for news of pools, so it must not be done for
    nothing; what libvirt takes for no volume, such as a pipe, is not looked at again and again. A
    pool that does not run, or is no folder, stays as it is.
    """
    folder = _folder(pool)
    if not pool.isActive() or not folder.is_dir():
        return
    files = {entry.name: entry.inode() for entry in os.scandir(folder)}
    if _looks.get(str(folder)) != _Look(files, _known(pool)):
        pool.refresh(0)
        _looks[str(folder)] = _Look(files, _known(pool))


def _folder(pool: Any) -> Path:
    root = parsed(pool.XMLDesc(0))
    return Path(root.findtext("target/path", ""))


def _known(pool: Any) -> frozenset[str]:
    return frozenset(str(volume.name()) for volume in pool.listAllVolumes(0))


def facts(volume: Any) -> VolumeFacts:
    """The facts of a `libvirt.virStorageVol`."""
    root = parsed(volume.XMLDesc(0))
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

    Libvirt looks at the folder again for a file that it does not know yet, or that is gone.
    """
    unknown: list[Any] = []
    for candidate in _active_pools(pool):
        volume = found(candidate.storageVolLookupByName, name)
        if volume is None or not Path(volume.path()).exists():
            unknown.append(candidate)
            continue
        return facts(volume)
    for candidate in unknown:
        volume = _looked_for(candidate, name)
        if volume is not None:
            return facts(volume)
    return None


def _looked_for(pool: Any, name: str) -> Any:
    """The volume after a fresh look at the folder, when that can bring any news; else None."""
    path = _folder(pool) / name
    there = path.is_file() or path.is_dir() or path.is_block_device()
    stale = found(pool.storageVolLookupByName, name) is not None
    if there or stale:
        pool.refresh(0)
    return found(pool.storageVolLookupByName, name) if there else None


def _active_pools(name: str) -> list[Any]:
    connection = connect()
    if name:
        pool = found(connection.storagePoolLookupByName, name)
        return [pool] if pool is not None and pool.isActive() else []
    pools = connection.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE)
    return sorted(pools, key=lambda pool: str(pool.name()))
