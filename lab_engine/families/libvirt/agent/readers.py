"""Answers libvirt's probes, by its API and the guest agent."""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import libvirt
import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.libvirt.agent import marks, volumes
from lab_engine.families.libvirt.agent.connection import connect, found, told
from lab_engine.families.libvirt.agent.vm import state_of
from lab_engine.families.libvirt.guests import accelerator
from lab_engine.families.libvirt.guests.agent_channel import (
    AgentChannel,
    GuestRefused,
    GuestSilent,
)
from lab_engine.families.libvirt.probes.domain import (
    AcceleratorProbe,
    AcceleratorReading,
    DomainDisk,
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
)
from lab_engine.families.libvirt.resources import Reservation

FILE_LIMIT: Final = 64 << 10
_PID_FOLDER: Final = Path("/run/libvirt/qemu")


def domain(probe: DomainProbe) -> DomainReading:
    with told(f"looking at VM {probe.domain}"):
        it = found(connect().lookupByName, probe.domain)
        if it is None:
            return DomainReading(exists=False)
        return _domain(it)


def _domain(it: Any) -> DomainReading:
    now = _xml(it.XMLDesc(0))
    active = bool(it.isActive())
    persistent = bool(it.isPersistent())
    config = _xml(it.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)) if persistent else now
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


def _xml(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - libvirtd wrote it


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
                file=_identity(path),
            )
        )
    return tuple(disks)


def _identity(path: str) -> str:
    """Device and inode number of what a path leads to; empty when it leads nowhere."""
    if not path:
        return ""
    try:
        about = Path(path).stat()
    except OSError:
        return ""
    return f"{about.st_dev}:{about.st_ino}"


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
        root = _xml(snapshot.getXMLDesc(0))
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


def virtual_network(probe: VirtualNetworkProbe) -> VirtualNetworkReading:
    with told(f"looking at the virtual network {probe.network}"):
        network = found(connect().networkLookupByName, probe.network)
        if network is None:
            return VirtualNetworkReading(exists=False)
        root = _xml(network.XMLDesc(0))
        active, persistent = bool(network.isActive()), bool(network.isPersistent())
        config = _xml(network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)) if persistent else root
        leases = network.DHCPLeases(None, 0) if active else []
        autostart = persistent and bool(network.autostart())
        uuid = network.UUIDString()
    bridge, domain_name = root.find("bridge"), root.find("domain")
    return VirtualNetworkReading(
        active=active,
        persistent=persistent,
        autostart=autostart,
        uuid=uuid,
        mode=_mode(root),
        bridge="" if bridge is None else bridge.get("name", ""),
        address=_address(root.find("ip")),
        dhcp=_range(root),
        domain="" if domain_name is None else domain_name.get("name", ""),
        reservations=_reservations(root),
        config_mode=_mode(config),
        config_address=_address(config.find("ip")),
        config_dhcp=_range(config),
        config_reservations=_reservations(config),
        leases=tuple(
            Lease(lease["ipaddr"], lease["mac"], lease.get("hostname") or "", lease["expirytime"])
            for lease in sorted(leases, key=lambda lease: str(lease["ipaddr"]))
        ),
    )


def virtual_networks(probe: VirtualNetworksProbe) -> VirtualNetworksReading:
    with told("listing virtual networks"):
        found_there = sorted(connect().listAllNetworks(0), key=lambda one: str(one.name()))
        return VirtualNetworksReading(
            tuple(one.name() for one in found_there),
            tuple(one.name() for one in found_there if marks.of_network(one)[0]),
        )


def _mode(root: ET.Element) -> str:
    forward = root.find("forward")
    return "isolated" if forward is None else forward.get("mode", "nat")


def _range(root: ET.Element) -> tuple[str, str] | None:
    given = root.find("ip/dhcp/range")
    return None if given is None else (given.get("start", ""), given.get("end", ""))


def _reservations(root: ET.Element) -> tuple[Reservation, ...]:
    return tuple(
        Reservation(one.get("mac", "").lower(), one.get("ip", ""), one.get("name", ""))
        for one in root.findall("ip/dhcp/host")
    )


def _address(element: ET.Element | None) -> str:
    if element is None:
        return ""
    address = element.get("address", "")
    mask = element.get("prefix") or element.get("netmask") or "32"
    return f"{address}/{ipaddress.ip_network(f'0.0.0.0/{mask}').prefixlen}"


def pool(probe: PoolProbe) -> PoolReading:
    with told(f"looking at the pool {probe.pool}"):
        it = found(connect().storagePoolLookupByName, probe.pool)
        if it is None:
            return PoolReading(exists=False)
        active, persistent = bool(it.isActive()), bool(it.isPersistent())
        volumes.refresh(it)
        root = _xml(it.XMLDesc(0))
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
    path = _xml(it.XMLDesc(0)).findtext("target/path", "")
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
        file=_identity(volume.path),
    )


def channel_of(name: str) -> AgentChannel | None:
    with told(f"looking for VM {name}"):
        it = found(connect().lookupByName, name)
        return AgentChannel(it) if it is not None and it.isActive() else None


def guest_command(probe: GuestCommandProbe) -> GuestCommandReading:
    channel = channel_of(probe.domain)
    if channel is None:
        return GuestCommandReading(ran=False, why=f"VM {probe.domain} does not run")
    try:
        result = channel.run(probe.command, seconds=probe.seconds)
    except (GuestSilent, GuestRefused) as error:
        return GuestCommandReading(ran=False, why=error.message)
    return GuestCommandReading(code=result.code, out=result.out, err=result.err, at=time.time())


def guest_file(probe: GuestFileProbe) -> GuestFileReading:
    channel = channel_of(probe.domain)
    if channel is None:
        return GuestFileReading(exists=False, answers=False)
    try:
        data = channel.read_file(probe.path, FILE_LIMIT)
    except GuestSilent:
        return GuestFileReading(exists=False, answers=False)
    if data is None:
        return GuestFileReading(exists=False)
    return GuestFileReading(text=data.decode(errors="replace"))


def guest_interfaces(probe: GuestInterfacesProbe) -> GuestInterfacesReading:
    channel = channel_of(probe.domain)
    if channel is None:
        return GuestInterfacesReading(answers=False)
    try:
        cards = channel.interfaces()
    except (GuestSilent, GuestRefused):
        return GuestInterfacesReading(answers=False)
    return GuestInterfacesReading(
        cards=tuple(GuestCard(card.name, card.mac, card.addresses) for card in cards)
    )


def accelerator_found(probe: AcceleratorProbe) -> AcceleratorReading:
    answer = accelerator.find()
    return AcceleratorReading(
        accelerator=answer.accelerator, reason=answer.reason, device=accelerator.DEVICE.exists()
    )


READERS: Final[dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]]] = {
    DomainProbe: domain,
    DomainListProbe: domain_list,
    VirtualNetworkProbe: virtual_network,
    VirtualNetworksProbe: virtual_networks,
    PoolProbe: pool,
    PoolsProbe: pools,
    DiskProbe: disk,
    GuestCommandProbe: guest_command,
    GuestFileProbe: guest_file,
    GuestInterfacesProbe: guest_interfaces,
    AcceleratorProbe: accelerator_found,
}
