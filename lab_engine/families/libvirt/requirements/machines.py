"""Statements about virtual machines and their disks (client side)."""

from __future__ import annotations

from typing import Literal

from lab_engine.common.evidence import See, require
from lab_engine.common.happening import Fact, since_start
from lab_engine.families.libvirt.probes import (
    DiskProbe,
    DiskReading,
    DomainDisk,
    DomainEventsProbe,
    DomainProbe,
    DomainReading,
    DomainSnapshot,
    GuestCommandProbe,
    GuestMountProbe,
    GuestMountReading,
)

When = Literal["both", "now", "kept"]
MIB = 1 << 20


async def require_domain(
    see: See,
    name: str,
    *,
    state: Literal["running", "shut", "paused", ""] = "running",
    persistent: bool = True,
    memory: int | None = None,
    memory_max: int | None = None,
    vcpus: int | None = None,
    vcpus_max: int | None = None,
    kernel: str = "",
    initrd: str = "",
    autostart: bool | None = None,
    when: When = "both",
) -> DomainReading:
    """Libvirt has a VM of this name, as described, now and in its definition. One round trip.

        await require_domain(see, v.vm, memory=192, vcpus=2, when="both")

    Reasons: `absent`, `transient`, `paused`, `off`, `on`, `other-memory`, `other-memory-kept`,
    `other-vcpus`, `other-vcpus-kept`, `other-kernel`, `other-initrd`, `other-autostart`.

    Args:
        see: the check's way to ask.
        name: its name.
        state: what it must be; empty for any.
        persistent: whether it must be defined, so that it is still there when it is off.
        memory: MiB, exactly.
        memory_max: the most that it may get, in MiB, exactly.
        vcpus: how many it has.
        vcpus_max: how many it may get.
        kernel: the path of the kernel that it boots, now (if it runs) and at its next start.
        initrd: the path of the initial ramdisk, in the same way.
        autostart: whether libvirt starts it by itself.
        when: whether the sizes are those of now (`now`), of the next start (`kept`), or both. Those
            of now are asked only of a VM that runs.
    """
    found = await see(DomainProbe(name))
    _known(found, name, persistent=persistent)
    _is_in(found, name, state)
    now, kept = when != "kept" and found.id != 0, when != "now"
    for word, wanted, has, will in (
        ("MiB of memory", memory, found.memory_kib, found.config_memory_kib),
        ("MiB of memory at most", memory_max, found.memory_max_kib, found.config_memory_max_kib),
    ):
        if wanted is None:
            continue
        require(
            not now or has == wanted << 10,
            "other-memory",
            expected=f"{name} has {wanted} {word} now.",
            observed=f"It has {has / 1024:g}.",
            look=f"virsh dominfo {name}; virsh dommemstat {name} | grep actual || true",
        )
        require(
            not kept or will == wanted << 10,
            "other-memory-kept",
            expected=f"{name} has {wanted} {word} at its next start.",
            observed=f"Its definition says {will / 1024:g}.",
            look=f"virsh dumpxml --inactive {name} | grep -i memory",
        )
    for word, wanted, has, will in (
        ("virtual CPUs", vcpus, found.vcpus, found.config_vcpus),
        ("virtual CPUs at most", vcpus_max, found.vcpus_max, found.config_vcpus_max),
    ):
        if wanted is None:
            continue
        require(
            not now or has == wanted,
            "other-vcpus",
            expected=f"{name} has {wanted} {word} now.",
            observed=f"It has {has}.",
            look=f"virsh vcpucount {name}",
        )
        require(
            not kept or will == wanted,
            "other-vcpus-kept",
            expected=f"{name} has {wanted} {word} at its next start.",
            observed=f"Its definition says {will}.",
            look=f"virsh vcpucount {name}",
        )
    boots = f"virsh dumpxml --inactive {name} --xpath //os"
    live = found.id != 0
    require(
        kernel in ("", found.config_kernel) and (not live or kernel in ("", found.kernel)),
        "other-kernel",
        expected=f"{name} boots {kernel}.",
        observed=f"It boots {found.config_kernel or 'from a disk'}.",
        look=boots,
    )
    require(
        initrd in ("", found.config_initrd) and (not live or initrd in ("", found.initrd)),
        "other-initrd",
        expected=f"{name} boots with the initial ramdisk {initrd}.",
        observed=f"It boots with {found.config_initrd or 'none'}.",
        look=boots,
    )
    require(
        autostart in (None, found.autostart),
        "other-autostart",
        expected=f"libvirt {'starts' if autostart else 'does not start'} {name} by itself.",
        observed=f"It does{'' if found.autostart else ' not'}.",
        look=f"virsh dominfo {name} | grep Autostart",
    )
    return found


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
    _known(found, name, persistent=False)
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


async def require_snapshot(
    see: See, name: str, snapshot: str, *, state: str = "running", older_than: str = ""
) -> DomainSnapshot:
    """A VM has a snapshot, of this state, taken before something changed in the guest.

        await require_snapshot(see, v.vm, v.snapshot, older_than="/data")

    One round trip.

    Reasons: `absent`, `no-snapshot`, `other-state`, `silent`, `too-late`.

    Args:
        see: the check's way to ask.
        name: the VM.
        snapshot: the snapshot's name.
        state: what the VM was when it was taken: `running` (its memory is in it) or `shutoff`.
        older_than: a folder in the guest whose last change (of its inode, which `touch` cannot set
            back) must be younger, give or take a second; the guest's clock may be wrong.
    """
    path = older_than or "/"
    found, clock = await see(
        DomainProbe(name),
        GuestCommandProbe(name, ("sh", "-c", f"stat -c %Z {path} && date +%s")),
    )
    _known(found, name, persistent=False)
    taken = found.snapshot(snapshot)
    look = f"virsh snapshot-list {name}"
    if taken is None:
        names = ", ".join(one.name for one in found.snapshots)
        require(
            False,
            "no-snapshot",
            expected=f"{name} has a snapshot called {snapshot}.",
            observed=f"Its snapshots: {names or 'none'}.",
            look=look,
        )
        raise AssertionError
    require(
        taken.state == state,
        "other-state",
        expected=f"It holds a machine that is {state}.",
        observed=f"It holds a machine that is {taken.state}.",
        look=look,
    )
    if not older_than:
        return taken
    times = clock.out.split()
    require(
        clock.ok and len(times) == 2,
        "silent",
        expected=f"The guest in {name} answers, and has {older_than}.",
        observed=clock.why or clock.err.strip()[:80],
        look="virsh list --all",
    )
    changed = int(times[0]) - (int(times[1]) - clock.at)
    require(
        changed >= taken.created - 1,
        "too-late",
        expected=f"The snapshot is older than the last change in {older_than}.",
        observed=f"It was taken {taken.created - changed:.0f} s after it.",
        look=f"virsh snapshot-info {name} {snapshot}",
    )
    return taken


async def require_reverted(
    see: See, name: str, snapshot: str, *, state: Literal["running", "shut", "paused"] = "running"
) -> DomainReading:
    """Since the step began, a VM was put back to a snapshot. One round trip.

        await require_reverted(see, v.vm, v.snapshot)

    libvirt told of it when it happened; a VM that was stopped, started and mended by hand is
    another one.

    Reasons: `absent`, `no-snapshot`, `not-reverted`, `other-snapshot`, `paused`, `off`, `on`.

    Args:
        see: the check's way to ask.
        name: the VM.
        snapshot: the snapshot, which must still be there.
        state: what it must be now.
    """
    before = await see.before(DomainEventsProbe(name))
    found, told = await see(DomainProbe(name), DomainEventsProbe(name))
    _known(found, name, persistent=False)
    look = f"virsh snapshot-list {name}; virsh domstate --reason {name}"
    taken = found.snapshot(snapshot)
    require(
        taken is not None,
        "no-snapshot",
        expected=f"The snapshot {snapshot} of {name} is still there.",
        observed="It is not.",
        look=look,
    )
    happened = told.after(before.last)
    require(
        any(one.facts.get("why") == "from_snapshot" for one in happened),
        "not-reverted",
        expected=f"{name} was put back to {snapshot}.",
        observed="Since this step began it was put back to none.",
        look=look,
    )
    require(
        taken is not None and taken.current,
        "other-snapshot",
        expected=f"It was put back to {snapshot}.",
        observed="It was put back to another one.",
        look=f"virsh snapshot-current {name} --name",
    )
    _is_in(found, name, state)
    return found


async def require_booted(see: See, name: str) -> DomainReading:
    """Since the step began, a VM was started from nothing, and runs since then. One round trip.

        await require_booted(see, v.vm)

    Not resumed, restored or reverted.

    Reasons: `absent`, `off`, `paused`, `not-booted`.
    """
    happened = await since_start(see, DomainEventsProbe(name))
    found = await see(DomainProbe(name))
    _known(found, name, persistent=False)
    _is_in(found, name, "running")
    starts = [one for one in happened if one.action == "started"]
    require(
        starts and Fact("started", {"why": "booted"}).fits(starts[-1]),
        "not-booted",
        expected=f"{name} was booted since this step began.",
        observed=f"It was {starts[-1].facts.get('why')}." if starts else "It was not started.",
        look=f"virsh domstate --reason {name}",
    )
    return found


def _known(found: DomainReading, name: str, *, persistent: bool) -> None:
    require(
        found.exists,
        "absent",
        expected=f"libvirt knows a VM called {name}.",
        observed=f"There is no VM called {name}.",
        look="virsh list --all",
    )
    require(
        found.persistent or not persistent,
        "transient",
        expected=f"{name} is defined, so that it is still there when it is off.",
        observed=f"{name} only runs; when it stops, libvirt forgets it.",
        look=f"virsh dominfo {name} | grep Persistent",
    )


def _is_in(found: DomainReading, name: str, state: str) -> None:
    if state in ("", found.state):
        return
    reason = {"paused": "paused", "running": "on"}.get(found.state, "off")
    require(
        False,
        reason,
        expected=f"{name} is {'shut off' if state == 'shut' else state}.",
        observed=f"{name} is {'shut off' if found.state == 'shut' else found.state}.",
        look="virsh list --all",
    )
