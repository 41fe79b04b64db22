"""Statements about volumes, disks, and what is mounted in a guest (client side)."""

from __future__ import annotations

from lab_engine.common.evidence import (
    See,
    require,
)
from lab_engine.families.libvirt.probes.domain import DomainDisk, DomainProbe
from lab_engine.families.libvirt.probes.guest import GuestMountProbe, GuestMountReading
from lab_engine.families.libvirt.probes.storage import DiskProbe, DiskReading
from lab_engine.families.libvirt.requirements.domains import (
    When,
    known,
)

MIB = 1 << 20


async def require_volume(
    see: See, pool: str, volume: str, *, format: str = "", size: int | None = None
) -> DiskReading:
    """A pool holds a volume. One round trip.

        await require_volume(see, v.pool, v.volume, format="qcow2", size=64 << 20)

    Its kind and size are read from the file, not from what libvirt remembers.

    Reasons: `absent`, `other-format`, `other-size`.

    Args:
        see: the check's way to ask.
        pool: the pool's name.
        volume: the volume's name in it.
        format: `qcow2` or `raw`; empty for any.
        size: what a guest sees of it, in bytes, exactly.
    """
    found = await see(DiskProbe(pool, volume))
    require(
        found.exists,
        "absent",
        expected=f"The pool {pool} holds a volume {volume}.",
        observed="It holds no such volume.",
        look=f"virsh vol-list {pool} || virsh pool-list --all",
    )
    look = f"virsh vol-info {volume} {pool} --bytes; virsh vol-dumpxml {volume} {pool}"
    require(
        format in ("", found.format),
        "other-format",
        expected=f"Its format is {format}.",
        observed=f"Its format is {found.format}.",
        look=look,
    )
    require(
        size in (None, found.capacity),
        "other-size",
        expected=f"Its capacity is {(size or 0) / MIB:g} MiB.",
        observed=f"Its capacity is {found.capacity / MIB:g} MiB.",
        look=look,
    )
    return found


async def require_disk(
    see: See,
    name: str,
    pool: str,
    volume: str,
    *,
    target: str = "",
    format: str = "",
    read_only: bool | None = None,
    when: When = "both",
) -> DomainDisk:
    """A VM has this volume as a disk, however it was named. One round trip.

        await require_disk(see, v.vm, v.pool, v.volume, target="vdb", format="qcow2")

    The same volume is the same file: `<disk type='volume'>`, a path, and a link to it are equally
    right.

    Reasons: `absent`, `no-volume`, `not-attached` (not now), `not-kept` (gone at the next start),
    `other-target`, `other-format` (QEMU reads the file as another format than it has),
    `other-mode`.

    Args:
        see: the check's way to ask.
        name: the VM.
        pool: the volume's pool.
        volume: the volume.
        target: what the guest calls the disk, such as `vdb`; empty for any.
        format: what QEMU must read it as.
        read_only: whether it must be; None for any.
        when: now, at the next start, or both; now only of a VM that runs.
    """
    found, made = await see(DomainProbe(name), DiskProbe(pool, volume))
    known(found, name, persistent=False)
    require(
        made.exists and bool(made.file),
        "no-volume",
        expected=f"The pool {pool} holds a volume {volume}.",
        observed="It holds no such volume.",
        look=f"virsh vol-list {pool} || virsh pool-list --all",
    )
    one = DomainDisk(target)
    for wanted, disks, reason, moment, option in (
        (when != "kept" and found.id != 0, found.disks, "not-attached", "now", ""),
        (when != "now", found.config_disks, "not-kept", "at its next start", " --inactive"),
    ):
        if not wanted:
            continue
        look = f"virsh domblklist {name}{option} --details"
        theirs = [disk for disk in disks if disk.file == made.file]
        listed = ", ".join(f"{disk.target} ({disk.source or 'empty'})" for disk in disks) or "none"
        if reason == "not-attached":
            require(
                theirs,
                "not-attached",
                expected=f"{name} has {volume} as a disk {moment}.",
                observed=f"Its disks: {listed}.",
                look=look,
            )
        require(
            theirs,
            "not-kept",
            expected=f"{name} has {volume} as a disk {moment}.",
            observed=f"Its disks: {listed}.",
            look=look,
        )
        one = next((disk for disk in theirs if disk.target == target), theirs[0])
        require(
            target in ("", one.target),
            "other-target",
            expected=f"{name} has {volume} as {target} {moment}.",
            observed=f"It has it as {one.target}.",
            look=look,
        )
        driver = f"virsh dumpxml {name}{option} --xpath //disk"
        require(
            format in ("", one.format),
            "other-format",
            expected=f"QEMU reads {volume} as {format} {moment}.",
            observed=f"It reads it as {one.format or 'raw'}.",
            look=driver,
        )
        require(
            read_only in (None, one.read_only),
            "other-mode",
            expected=f"{name} may {'only read' if read_only else 'write to'} {volume} {moment}.",
            observed=f"It may {'only read' if one.read_only else 'write to'} it.",
            look=driver,
        )
    return one


async def require_guest_mount(
    see: See,
    name: str,
    target: str,
    *,
    kind: str = "",
    device: str = "",
    writable: bool | None = None,
) -> GuestMountReading:
    """In a VM a filesystem of this kind is mounted on top at a path. One round trip.

        await require_guest_mount(see, v.vm, "/data", kind="ext4", device="/dev/vdb")

    By the superblock on the device: ext2 that is mounted as ext4 is ext2.

    Reasons: `silent`, `not-mounted`, `other-device`, `other-filesystem`, `other-mode`.

    Args:
        see: the check's way to ask.
        name: the VM, whose guest agent is asked.
        target: the path there.
        kind: `ext4`, `xfs`, `tmpfs`, ...; empty for any.
        device: such as `/dev/vdb`; empty for any.
        writable: whether it can be written to; None for any.
    """
    found = await see(GuestMountProbe(name, target))
    require(
        found.answers,
        "silent",
        expected=f"The guest in {name} has booted, and its agent answers.",
        observed="The guest agent does not answer.",
        look=f"virsh list --all; virsh guestinfo {name} || true",
    )
    look = f"virsh guestinfo {name} --filesystem || true"
    require(
        found.exists,
        "not-mounted",
        expected=f"In {name} something is mounted at {target}.",
        observed="Nothing is.",
        look=look,
    )
    require(
        device in ("", found.source),
        "other-device",
        expected=f"In {name}, {device} is mounted at {target}.",
        observed=f"On top there is {found.source}.",
        look=look,
    )
    truly = found.kind or found.fstype
    require(
        kind in ("", truly),
        "other-filesystem",
        expected=f"In {name}, the filesystem at {target} is {kind}.",
        observed=f"It was made as {truly}, and is mounted as {found.fstype}.",
        look=look,
    )
    require(
        writable is None or writable != found.read_only,
        "other-mode",
        expected=f"It {'can' if writable else 'cannot'} be written to.",
        observed=f"It is mounted {'ro' if found.read_only else 'rw'}.",
        look=look,
    )
    return found
