"""Answers the probes of storage pools and their volumes, by libvirt's API."""

from __future__ import annotations

from typing import Any

from lab_engine.families.libvirt.agent import marks, volumes
from lab_engine.families.libvirt.agent.connection import connect, found, told
from lab_engine.families.libvirt.agent.parsed import identity, parsed
from lab_engine.families.libvirt.probes.storage import (
    DiskProbe,
    DiskReading,
    PoolProbe,
    PoolReading,
    PoolsProbe,
    PoolsReading,
    PoolSummary,
)


def pool(probe: PoolProbe) -> PoolReading:
    with told(f"looking at the pool {probe.pool}"):
        it = found(connect().storagePoolLookupByName, probe.pool)
        if it is None:
            return PoolReading(exists=False)
        active, persistent = bool(it.isActive()), bool(it.isPersistent())
        volumes.refresh(it)
        root = parsed(it.XMLDesc(0))
        return PoolReading(
            active=active,
            persistent=persistent,
            autostart=persistent and bool(it.autostart()),
            type=root.get("type", ""),
            path=root.findtext("target/path", ""),
            volumes=tuple(sorted(it.listVolumes())) if active else (),
            capacity=int(root.findtext("capacity", "0")),
            available=int(root.findtext("available", "0")),
        )


def pools(probe: PoolsProbe) -> PoolsReading:
    with told("listing storage pools"):
        listed = sorted(connect().listAllStoragePools(0), key=lambda one: str(one.name()))
        return PoolsReading(tuple(_summary(one) for one in listed))


def _summary(it: Any) -> PoolSummary:
    path = parsed(it.XMLDesc(0)).findtext("target/path", "")
    inside = []
    if it.isActive():
        volumes.refresh(it)
        inside = [str(one.name()) for one in it.listAllVolumes(0) if not marks.of_file(one.path())]
    return PoolSummary(it.name(), bool(path and marks.of_file(path)), tuple(sorted(inside)))


def disk(probe: DiskProbe) -> DiskReading:
    with told(f"looking at the volume {probe.volume}"):
        it = found(connect().storagePoolLookupByName, probe.pool)
        if it is not None:
            volumes.refresh(it)
        volume = volumes.find(probe.volume, probe.pool)
    if volume is None:
        return DiskReading(exists=False)
    return DiskReading(
        path=volume.path,
        format=volume.format,
        capacity=volume.capacity,
        allocation=volume.allocation,
        backing=volume.backing,
        file=identity(volume.path),
    )
