"""A disk: a file in a pool for the host, a block device for the guest."""

from __future__ import annotations

from lab_engine.authoring import (
    VM,
    DiskProbe,
    DomainDisk,
    DomainProbe,
    GuestCommandProbe,
    GuestMountProbe,
    Pool,
    See,
    require,
    require_disk,
    require_domain,
    require_guest_mount,
    require_volume,
)
from labs.kvm_and_virsh.values import (
    MOST_MEMORY,
    Values,
    answered,
    inside,
    lab,
    on_console,
    typed,
)

TARGET = "vda"
SIZE = f"/sys/block/{TARGET}/size"

MIB = 1 << 20
SECTOR = 512

step = lab.step(
    "disk",
    daemons=("libvirt",),
    resources=lambda v: [Pool(v.pool), VM(v.vm, memory=MOST_MEMORY)],
    touches=lambda v: [f"vm/{v.vm}"],
)


@step.check("volume", points=1)
async def volume(see: See, v: Values) -> None:
    made, domain = await see(DiskProbe(v.pool, v.volume), DomainProbe(v.vm))
    attached = domain.disk(TARGET)
    look = f"virsh vol-info {v.volume} {v.pool} --bytes; virsh vol-dumpxml {v.volume} {v.pool}"
    require(
        made.format != "raw"
        or attached is None
        or (attached.file, attached.format) != (made.file, "raw")
        or made.capacity >= MIB,
        "written-over",
        expected="Its format is qcow2.",
        observed=f"It is no qcow2 any more, but {made.capacity} bytes that {v.vm} has as a raw "
        "disk.",
        look=look,
    )
    require(
        made.format != "raw" or made.capacity != v.disk * MIB,
        "raw",
        expected="Its format is qcow2.",
        observed="Its format is raw.",
        look=look,
    )
    require(
        abs(made.capacity - v.disk * 10**6) > SECTOR,
        "decimal",
        expected=f"Its capacity is {v.disk} MiB.",
        observed=f"Its capacity is {made.capacity} bytes, which is {v.disk} MB.",
        look=look,
    )
    await require_volume(see, v.pool, v.volume, format="qcow2", size=v.disk * MIB)


@step.check("attach", points=2, needs=("volume",))
async def attach(see: See, v: Values) -> None:
    domain, made, size = await see(
        DomainProbe(v.vm), DiskProbe(v.pool, v.volume), GuestCommandProbe(v.vm, ("cat", SIZE))
    )
    await require_domain(see, v.vm)
    now = domain.disk(TARGET) or DomainDisk(TARGET)
    kept = next((disk for disk in domain.config_disks if disk.target == TARGET), DomainDisk(TARGET))
    require(
        now.file == made.file or kept.file != made.file,
        "only-later",
        expected=f"{v.vm} has {v.volume} as its disk {TARGET} now.",
        observed="It has it in its description, for the next start.",
        look=f"virsh domblklist {v.vm}; virsh domblklist {v.vm} --inactive",
    )
    require(
        now.file != made.file or now.format != "raw",
        "raw",
        expected="QEMU reads the file as qcow2.",
        observed="It is attached as raw.",
        look=f"virsh dumpxml {v.vm} --xpath //disk/driver",
    )
    await require_disk(see, v.vm, v.pool, v.volume, target=TARGET, format="qcow2")
    answered(size, v)
    sectors = int(size.out or 0) if size.ok else 0
    require(
        sectors * SECTOR == made.capacity,
        "not-in-the-guest",
        expected=f"The guest sees a disk {TARGET} of {v.disk} MiB.",
        observed=f"The guest sees {sectors * SECTOR >> 20} MiB there.",
        look=on_console(v, "cat /proc/partitions"),
    )


@step.check("filesystem", points=2, needs=("attach",), settle=1.0)
async def filesystem(see: See, v: Values) -> None:
    mounted, folder = await see(
        GuestMountProbe(v.vm, "/data"),
        GuestCommandProbe(v.vm, ("test", "-d", "/data")),
    )
    answered(folder, v)
    require(
        mounted.exists or not folder.ok,
        "only-a-folder",
        expected=f"In the guest /dev/{TARGET} is mounted on /data.",
        observed="/data is a folder, and nothing is mounted there.",
        look=on_console(v, "mount"),
    )
    require(
        mounted.kind != "ext2",
        "ext2",
        expected="Its file system is ext4.",
        observed=f"It was made as ext2, and is mounted as {mounted.fstype}.",
        look=on_console(v, "mount | grep data"),
    )
    await require_guest_mount(
        see, v.vm, "/data", kind="ext4", device=f"/dev/{TARGET}", writable=True
    )


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
        "echo \"<disk type='volume'><driver name='qemu' type='qcow2'/>"
        f"<source pool='{v.pool}' volume='{v.volume}'/><target dev='{TARGET}' bus='virtio'/>"
        '</disk>" > disk.xml',
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
)
step.near_miss(
    "raw-volume",
    lambda v: [f"virsh vol-create-as {v.pool} {v.volume} {v.disk}M"],
    rejected_by="volume",
    reason="raw",
    explain="Without --format a volume in a folder is raw, whatever its name ends with.",
)
step.near_miss(
    "decimal",
    lambda v: [f"virsh vol-create-as {v.pool} {v.volume} {v.disk}MB --format qcow2"],
    rejected_by="volume",
    reason="decimal",
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
    reason="not-kept",
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
        inside(
            v,
            FORMAT.replace("mkfs.ext4", "mkfs.ext2").replace("mount ", "mount -t ext4 "),
            wait=SEEN,
        ),
    ],
    rejected_by="filesystem",
    reason="ext2",
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
step.near_miss(
    "half-a-mib-too-much",
    lambda v: [f"virsh vol-create-as {v.pool} {v.volume} {v.disk * 1024 + 512}K --format qcow2"],
    rejected_by="volume",
    reason="other-size",
)
step.near_miss(
    "written-over",
    lambda v: [
        create(v),
        attach_disk(v, "--persistent"),
        inside(v, f"dd if=/dev/zero of=/dev/{TARGET} bs=1024 count=64; sync", wait=SEEN),
    ],
    rejected_by="volume",
    reason="written-over",
    explain="The file was attached as raw. What the guest wrote, such as a file system, went over "
    "the head of the qcow2 file. Detach the disk, delete the volume, and make it anew.",
)
step.near_miss(
    "hidden-by-memory",
    lambda v: [
        create(v),
        attach_disk(v, ATTACH),
        inside(v, f"{FORMAT} && mount -t tmpfs none /data", wait=SEEN),
    ],
    rejected_by="filesystem",
    reason="other-device",
)
