"""Answers the probes of domains, by libvirt's API."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import libvirt

from lab_engine.families.libvirt.agent import volumes
from lab_engine.families.libvirt.agent.connection import connect, found, told
from lab_engine.families.libvirt.agent.parsed import identity, parsed
from lab_engine.families.libvirt.agent.vm import state_of
from lab_engine.families.libvirt.probes.domain import (
    DomainDisk,
    DomainInterface,
    DomainListProbe,
    DomainListReading,
    DomainProbe,
    DomainReading,
    DomainSnapshot,
)

_PID_FOLDER: Final = Path("/run/libvirt/qemu")


def domain(probe: DomainProbe) -> DomainReading:
    with told(f"looking at VM {probe.domain}"):
        it = found(connect().lookupByName, probe.domain)
        if it is None:
            return DomainReading(exists=False)
        return _domain(it)


def _domain(it: Any) -> DomainReading:
    now = parsed(it.XMLDesc(0))
    active = bool(it.isActive())
    persistent = bool(it.isPersistent())
    config = parsed(it.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)) if persistent else now
    vcpus, vcpus_max = _vcpus(now)
    config_vcpus, config_vcpus_max = _vcpus(config)
    channel = now.find("devices/channel/target[@name='org.qemu.guest_agent.0']")
    return DomainReading(
        state=state_of(it),
        uuid=it.UUIDString(),
        type=now.get("type", ""),
        persistent=persistent,
        autostart=persistent and bool(it.autostart()),
        id=it.ID() if active else 0,
        started=_started(it.name()) if active else 0.0,
        memory=it.info()[2] >> 10 if active else _mib(now, "currentMemory"),
        memory_max=_mib(now, "memory"),
        memory_kib=it.info()[2] if active else _kib(now, "currentMemory"),
        memory_max_kib=_kib(now, "memory"),
        config_memory_kib=_kib(config, "currentMemory"),
        config_memory_max_kib=_kib(config, "memory"),
        vcpus=vcpus,
        vcpus_max=vcpus_max,
        disks=_disks(it, now, active),
        interfaces=_interfaces(now),
        config_memory=_mib(config, "currentMemory"),
        config_memory_max=_mib(config, "memory"),
        config_vcpus=config_vcpus,
        config_vcpus_max=config_vcpus_max,
        config_disks=_disks(it, config, active=False),
        config_interfaces=_interfaces(config),
        snapshots=_snapshots(it),
        managed_save=bool(it.hasManagedSaveImage(0)),
        kernel=now.findtext("os/kernel", ""),
        initrd=now.findtext("os/initrd", ""),
        config_kernel=config.findtext("os/kernel", ""),
        config_initrd=config.findtext("os/initrd", ""),
        agent_channel=channel is not None,
        agent=channel is not None and channel.get("state") == "connected",
    )


def _mib(root: ET.Element, tag: str) -> int:
    return _kib(root, tag) >> 10


def _kib(root: ET.Element, tag: str) -> int:
    """A memory size; libvirt writes KiB whatever was put in."""
    return int(root.findtext(tag, "0"))


def _vcpus(root: ET.Element) -> tuple[int, int]:
    element = root.find("vcpu")
    if element is None:
        return 1, 1
    most = int(element.text or "1")
    return int(element.get("current", most)), most


def _started(name: str) -> float:
    """When the QEMU process began, from `/proc/PID/stat` (proc_pid_stat(5), field 22)."""
    try:
        pid = int((_PID_FOLDER / f"{name}.pid").read_text(encoding="ascii"))
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        uptime = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
        boot = Path("/proc/stat").read_text(encoding="ascii").split("btime ", 1)[1].split()[0]
    except (OSError, ValueError, IndexError):
        return 0.0
    # Counted from behind the last bracket: the name in field 2 may hold blanks and brackets too.
    ticks = int(stat.rpartition(")")[2].split()[19])
    seconds = ticks / os.sysconf("SC_CLK_TCK")
    return int(boot) + min(seconds, uptime)


def _disks(it: Any, root: ET.Element, active: bool) -> tuple[DomainDisk, ...]:
    disks: list[DomainDisk] = []
    for disk in root.findall("devices/disk"):
        target, driver, source = disk.find("target"), disk.find("driver"), disk.find("source")
        if target is None:
            continue
        path = "" if source is None else source.get("file") or source.get("dev") or ""
        pool = "" if source is None else source.get("pool", "")
        volume = "" if source is None else source.get("volume", "")
        if path and not pool:
            # libvirt compares paths as texts; what a link leads to it knows by its own path.
            for spelled in dict.fromkeys((path, os.path.realpath(path))):
                known = found(connect().storageVolLookupByPath, spelled)
                if known is not None:
                    pool, volume = known.storagePoolLookupByVolume().name(), known.name()
                    break
        elif pool and not path:
            facts = volumes.find(volume, pool)
            path = "" if facts is None else facts.path
        disks.append(
            DomainDisk(
                target=target.get("dev", ""),
                source=path,
                format="" if driver is None else driver.get("type", ""),
                bus=target.get("bus", ""),
                capacity=_capacity(it, target.get("dev", ""), path, active),
                device=disk.get("device", "disk"),
                read_only=disk.find("readonly") is not None,
                pool=pool,
                volume=volume,
                file=identity(path),
            )
        )
    return tuple(disks)


def _capacity(it: Any, target: str, path: str, active: bool) -> int:
    if not path:
        return 0
    try:
        return int(it.blockInfo(target if active else path, 0)[0])
    except libvirt.libvirtError:
        # A disk of the definition that the running VM lacks cannot be asked after this way.
        known = found(connect().storageVolLookupByPath, path)
        return 0 if known is None else int(known.info()[1])


def _interfaces(root: ET.Element) -> tuple[DomainInterface, ...]:
    cards: list[DomainInterface] = []
    for card in root.findall("devices/interface"):
        attributes = {
            tag: dict(element.attrib)
            for tag in ("mac", "source", "model", "target")
            if (element := card.find(tag)) is not None
        }
        source = attributes.get("source", {})
        cards.append(
            DomainInterface(
                mac=attributes.get("mac", {}).get("address", ""),
                network=source.get("network", ""),
                model=attributes.get("model", {}).get("type", ""),
                device=attributes.get("target", {}).get("dev", ""),
                bridge=source.get("bridge", ""),
            )
        )
    return tuple(cards)


def _snapshots(it: Any) -> tuple[DomainSnapshot, ...]:
    snapshots: list[DomainSnapshot] = []
    for snapshot in it.listAllSnapshots(0):
        root = parsed(snapshot.getXMLDesc(0))
        snapshots.append(
            DomainSnapshot(
                name=snapshot.getName(),
                state=root.findtext("state", ""),
                created=int(root.findtext("creationTime", "0")),
                parent=root.findtext("parent/name", ""),
                current=bool(snapshot.isCurrent(0)),
            )
        )
    return tuple(sorted(snapshots, key=lambda one: (one.created, one.name)))


def domain_list(probe: DomainListProbe) -> DomainListReading:
    with told("listing VMs"):
        domains = connect().listAllDomains(0)
        return DomainListReading(
            tuple(sorted(it.name() for it in domains)),
            tuple(sorted(it.name() for it in domains if state_of(it) == "running")),
        )
