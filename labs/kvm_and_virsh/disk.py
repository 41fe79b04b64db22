"""A disk: a file in a pool for the host, a block device for the guest."""

from __future__ import annotations

from collections.abc import Sequence

from lab_engine.authoring import (
    VM,
    DiskProbe,
    DomainDisk,
    DomainProbe,
    GuestCommandProbe,
    Pool,
    See,
    require,
)
from labs.kvm_and_virsh.values import (
    MOST_MEMORY,
    Values,
    answered,
    inside,
    lab,
    on_console,
    running,
    typed,
)

TARGET = "vda"
SIZE = f"/sys/block/{TARGET}/size"
MOUNTS = f"grep '^/dev/{TARGET} /data ' /proc/mounts && df -m /data | tail -n 1"

step = lab.step(
    "disk",
    daemons=("libvirt",),
    resources=lambda v: [Pool(v.pool), VM(v.vm, memory=MOST_MEMORY)],
    touches=lambda v: [f"vm/{v.vm}"],
)


@step.check("volume", points=1)
async def volume(see: See, v: Values) -> None:
    made = await see(DiskProbe(v.pool, v.volume))
    require(
        made.exists,
        "absent",
        expected=f"The pool {v.pool} holds a volume {v.volume}.",
        observed="It holds no such volume.",
        look=f"virsh vol-list {v.pool}",
    )
    require(
        made.format == "qcow2",
        "format",
        expected="Its format is qcow2.",
        observed=f"Its format is {made.format}.",
        look=f"virsh vol-dumpxml {v.volume} {v.pool} | grep format",
    )
    require(
        made.capacity == v.disk << 20,
        "size",
        expected=f"Its capacity is {v.disk} MiB.",
        observed=f"Its capacity is {made.capacity / (1 << 20):.1f} MiB.",
        look=f"virsh vol-info {v.volume} {v.pool}",
    )


@step.check("attach", points=2, needs=("volume",))
async def attach(see: See, v: Values) -> None:
    domain, made, size = await see(
        DomainProbe(v.vm), DiskProbe(v.pool, v.volume), GuestCommandProbe(v.vm, ("cat", SIZE))
    )
    running(domain, v)
    now = domain.disk(TARGET) or DomainDisk(TARGET)
    kept = next((disk for disk in domain.config_disks if disk.target == TARGET), DomainDisk(TARGET))
    require(
        now.source == made.path or kept.source != made.path,
        "only-later",
        expected=f"{v.vm} has {v.volume} as its disk {TARGET} now.",
        observed="It has it in its description, for the next start.",
        look=f"virsh domblklist {v.vm}; virsh domblklist {v.vm} --inactive",
    )
    require(
        now.source == made.path,
        "not-now",
        expected=f"{v.vm} has {v.volume} as its disk {TARGET} now.",
        observed=f"Its disks now: {_listed(domain.disks)}.",
        look=f"virsh domblklist {v.vm}",
    )
    require(
        kept.source == made.path,
        "forgotten",
        expected=f"{v.vm} has {v.volume} as {TARGET} at its next start as well.",
        observed=f"The disks of its definition: {_listed(domain.config_disks)}.",
        look=f"virsh domblklist {v.vm} --inactive",
    )
    require(
        now.format == "qcow2" and kept.format == "qcow2",
        "raw",
        expected="QEMU reads the file as qcow2.",
        observed=f"It is attached as {now.format} now, and as {kept.format} later.",
        look=f"virsh dumpxml {v.vm} --xpath //disk/driver",
    )
    answered(size, v)
    sectors = int(size.out or 0) if size.ok else 0
    require(
        sectors * 512 == made.capacity,
        "not-in-the-guest",
        expected=f"The guest sees a disk {TARGET} of {v.disk} MiB.",
        observed=f"The guest sees {sectors * 512 >> 20} MiB there.",
        look=on_console(v, "cat /proc/partitions"),
    )


@step.check("filesystem", points=2, needs=("attach",), settle=1.0)
async def filesystem(see: See, v: Values) -> None:
    mounts, folder = await see(
        GuestCommandProbe(v.vm, ("sh", "-c", MOUNTS)),
        GuestCommandProbe(v.vm, ("test", "-d", "/data")),
    )
    answered(mounts, v)
    fields = mounts.out.split()
    mounted = mounts.ok and len(fields) > 6
    require(
        mounted or not folder.ok,
        "only-a-folder",
        expected=f"In the guest /dev/{TARGET} is mounted on /data.",
        observed="/data is a folder, and nothing of the kind is mounted there.",
        look=on_console(v, "mount"),
    )
    require(
        mounted,
        "not-mounted",
        expected=f"In the guest /dev/{TARGET} is mounted on /data.",
        observed="Nothing of the kind is mounted there.",
        look=on_console(v, "mount"),
    )
    require(
        fields[2] == "ext4",
        "type",
        expected="Its file system is ext4.",
        observed=f"Its file system is {fields[2]}.",
        look=on_console(v, "mount | grep data"),
    )
    require(
        "rw" in fields[3].split(","),
        "read-only",
        expected="It can be written to.",
        observed="It is mounted read-only.",
        look=on_console(v, "mount | grep data"),
    )


def _listed(disks: Sequence[DomainDisk]) -> str:
    return ", ".join(f"{disk.target} {disk.source}" for disk in disks) or "none"


def create(v: Values) -> str:
    return f"virsh vol-create-as {v.pool} {v.volume} {v.disk}M --format qcow2"


def path(v: Values) -> str:
    return f"/var/lib/libvirt/pools/{v.pool}/{v.volume}"


def attach_disk(v: Values, options: str) -> str:
    return f"virsh attach-disk {v.vm} {path(v)} {TARGET} {options}"


ATTACH = "--subdriver qcow2 --persistent"
SEEN = f"for i in 1 2 3 4 5 6 7 8 9; do [ -b /dev/{TARGET} ] && break; sleep 1; done"
"""Waits until the guest has noticed its new disk: a script is quicker than a person."""
FORMAT = f"mkfs.ext4 /dev/{TARGET} && mkdir -p /data && mount /dev/{TARGET} /data"

step.solution(
    "commands",
    lambda v: [
        create(v),
        attach_disk(v, ATTACH),
        inside(v, FORMAT, wait=SEEN),
    ],
)
step.solution(
    "from-a-file",
    lambda v: [
        f"sudo qemu-img create -f qcow2 {path(v)} {v.disk}M",
        f"virsh pool-refresh {v.pool}",
        "echo \"<disk type='file'><driver name='qemu' type='qcow2'/>"
        f"<source file='{path(v)}'/><target dev='{TARGET}' bus='virtio'/></disk>\" > disk.xml",
        f"virsh attach-device {v.vm} disk.xml --live --config",
        typed(
            v,
            SEEN,
            f"mkfs.ext4 -q /dev/{TARGET}",
            "mkdir /data",
            f"mount /dev/{TARGET} /data",
            patience=6,
        ),
    ],
    survives={1: "the check has the pool look through its folder again as well"},
)
step.near_miss(
    "raw-volume",
    lambda v: [f"virsh vol-create-as {v.pool} {v.volume} {v.disk}M"],
    rejected_by="volume",
    reason="format",
    explain="Without --format a volume in a folder is raw, whatever its name ends with.",
)
step.near_miss(
    "decimal",
    lambda v: [f"virsh vol-create-as {v.pool} {v.volume} {v.disk}MB --format qcow2"],
    rejected_by="volume",
    reason="size",
    explain="MB counts in thousands, M and MiB count in 1024s.",
)
step.near_miss(
    "wrong-format",
    lambda v: [create(v), attach_disk(v, "--persistent")],
    rejected_by="attach",
    reason="raw",
    explain="Without --subdriver qcow2, libvirt attaches the file as raw: the guest gets the few "
    "kilobytes of the qcow2 file itself as its disk. libvirt does not guess formats, since a guest "
    "could write a false header and have the host read other files.",
)
step.near_miss(
    "until-the-next-stop",
    lambda v: [create(v), attach_disk(v, "--subdriver qcow2 --live")],
    rejected_by="attach",
    reason="forgotten",
    explain="The disk is plugged into the running VM only. Its definition does not have it, so the "
    "next start is without it.",
)
step.near_miss(
    "from-the-next-start",
    lambda v: [create(v), attach_disk(v, "--subdriver qcow2 --config")],
    rejected_by="attach",
    reason="only-later",
    explain="--config puts the disk into the definition. The VM that runs gets it at its next "
    "start; --persistent does both.",
)
step.near_miss(
    "older-file-system",
    lambda v: [
        create(v),
        attach_disk(v, ATTACH),
        inside(v, FORMAT.replace("mkfs.ext4", "mkfs.ext2"), wait=SEEN),
    ],
    rejected_by="filesystem",
    reason="type",
    explain="ext2 has no journal. After a hard stop it must be checked from end to end, which is "
    "what ext4 avoids.",
)
step.near_miss(
    "only-a-folder",
    lambda v: [
        create(v),
        attach_disk(v, ATTACH),
        inside(v, f"mkfs.ext4 /dev/{TARGET} && mkdir -p /data", wait=SEEN),
    ],
    rejected_by="filesystem",
    reason="only-a-folder",
    explain="/data is an ordinary folder so far: what you write there goes into the guest's "
    "memory, and is gone after the next start.",
)
