"""A disk that outlives its machine: taken out of one, put into another."""

from __future__ import annotations

from lab_engine.authoring import (
    VM,
    Disk,
    DiskProbe,
    DiskUse,
    DomainProbe,
    GuestFileProbe,
    GuestMountProbe,
    Look,
    Pool,
    Resource,
    See,
    by_hand,
    require,
    require_disk,
    require_guest_mount,
)
from labs.build_an_iaas.values import Values, lab, on_them

FILE = "ledger"
TARGET = "vda"


def rented(v: Values) -> list[Resource]:
    return [
        Pool(v.pool),
        Disk(v.volume, pool=v.pool, size=24, filesystem="ext4", files={FILE: f"{v.word}\n"}),
        VM(
            v.one,
            disks=(DiskUse(v.volume),),
            first_boot=f"mkdir /data; mount /dev/{TARGET} /data",
        ),
        VM(v.two),
    ]


step = lab.step(
    "storage",
    daemons=("libvirt",),
    resources=rented,
    touches=lambda v: [*on_them(v), f"disk/{v.volume}"],
)


@step.check("move", points=4, settle=3.0)
async def move(see: See, v: Values) -> None:
    before = await see.before(DiskProbe(v.pool, v.volume))
    volume, old, new = await see(
        DiskProbe(v.pool, v.volume), DomainProbe(v.one), DomainProbe(v.two)
    )
    listed = f"virsh domblklist {v.one}; virsh domblklist --inactive {v.one}"
    require(
        volume.file == before.file and volume.exists,
        "another-volume",
        expected=f"{v.volume} is the volume of the customer.",
        observed="It was made anew." if volume.exists else "It is gone.",
        look=f"virsh vol-list {v.pool}",
    )
    theirs = [disk.file for disk in (*new.disks, *new.config_disks)]
    require(
        not theirs or volume.file in theirs,
        "a-copy",
        expected=f"{v.two} has the volume {v.volume}.",
        observed="It has another one.",
        look=f"virsh domblklist {v.two}; virsh vol-list {v.pool}",
    )
    # The disks of a machine that is off are those of its definition.
    writes = old.running and any(disk.file == volume.file for disk in old.disks)
    require(
        not writes or volume.file not in theirs,
        "given-to-both",
        expected=f"{v.two} has {v.volume}, and {v.one} has it no more.",
        observed=f"{v.two} is to have it, and {v.one} still has it.",
        look=listed,
    )
    require(
        not writes,
        "still-there",
        expected=f"{v.one} has {v.volume} no more.",
        observed="It still has it.",
        look=listed,
    )
    require(
        all(disk.file != volume.file for disk in old.config_disks),
        "still-kept",
        expected=f"{v.one} has {v.volume} no more, also at its next start.",
        observed="Its definition still has it.",
        look=listed,
    )
    if old.running:
        left = await see(GuestMountProbe(v.one, "/data"))
        require(
            not (left.answers and left.exists),
            "pulled-out",
            expected=f"In {v.one} nothing is mounted at /data any more.",
            observed=f"{left.source} still is, and the disk is gone.",
            look=Look("mount | grep /data || true", console=v.one),
        )
        held = await see(GuestFileProbe(v.one, f"/proc/fs/ext4/{TARGET}/options"))
        require(
            not (held.answers and held.exists),
            "held-open",
            expected=f"{v.one} has let go of the file system on the disk.",
            observed="It is mounted nowhere, and some program still has a file of it open.",
            look=Look("ls /proc/fs/ext4; ls -l /proc/[0-9]*/fd || true", console=v.one),
        )
    require(
        not new.exists or new.state != "shut",
        "off",
        expected=f"{v.two} runs.",
        observed="It is off.",
        look="virsh list --all",
    )
    await require_disk(see, v.two, v.pool, v.volume, format="qcow2")
    await require_guest_mount(see, v.two, "/data", kind="ext4", writable=True)
    file = await see(GuestFileProbe(v.two, f"/data/{FILE}"))
    require(
        file.exists,
        "other-data",
        expected=f"In {v.two}, the customer's file is there: /data/{FILE}.",
        observed="It is not there.",
        look=Look("ls -l /data", console=v.two),
    )
    require(
        file.text.strip() == v.word,
        "written-over",
        expected=f"In {v.two}, /data/{FILE} says what it said in {v.one}.",
        observed=f"It says {file.text.strip()[:40]!r}.",
        look=Look(f"cat /data/{FILE}", console=v.two),
    )


def path(v: Values, name: str = "") -> str:
    return f"/var/lib/libvirt/pools/{v.pool}/{name or v.volume}"


def detach(v: Values, options: str = "--persistent") -> str:
    return f"virsh detach-disk {v.one} {TARGET} {options}"


def attach(v: Values, name: str = "", options: str = "--persistent") -> str:
    return f"virsh attach-disk {v.two} {path(v, name)} {TARGET} --subdriver qcow2 {options}"


SEEN = f"for i in 1 2 3 4 5 6 7 8 9; do [ -b /dev/{TARGET} ] && break; sleep 1; done"
GONE = "for i in 1 2 3 4 5 6 7 8 9; do [ -b /dev/vda ] || break; sleep 1; done"


def unmount(v: Values) -> str:
    return by_hand.in_guest(v.one, "umount /data")


def detached(v: Values, options: str = "--persistent") -> list[str]:
    """Taken out; a guest lets go of a disk a moment after it was asked to."""
    return [detach(v, options), by_hand.in_guest(v.one, GONE)]


def mount(v: Values) -> str:
    return by_hand.in_guest(v.two, f"mkdir -p /data; mount /dev/{TARGET} /data", wait=SEEN)


step.solution(
    "unmount, detach, attach, mount",
    lambda v: [unmount(v), *detached(v), attach(v), mount(v)],
    survives={2: "it waits for the guest to let go of the disk, which is mostly done by then"},
    explained={0: ["pulled-out"]},
)
step.solution(
    "the first machine switched off",
    lambda v: [
        f"virsh destroy {v.one}",
        detach(v, "--config"),
        attach(v, options="--live --config"),
        mount(v),
    ],
    explained={1: ["still-kept"]},
)
step.near_miss(
    "a copy",
    lambda v: [
        unmount(v),
        *detached(v),
        f"virsh vol-clone {v.volume} copy.qcow2 --pool {v.pool}",
        attach(v, "copy.qcow2"),
        mount(v),
    ],
    rejected_by="move",
    reason="a-copy",
    explain="A copy is a second disk: it takes as long as there is data, and from now on the two "
    "differ. The customer rents one, and it is that one which moves.",
)
step.near_miss(
    "in both definitions",
    lambda v: [unmount(v), *detached(v, "--live"), attach(v), mount(v)],
    rejected_by="move",
    reason="still-kept",
    explain="The first machine still has the disk in its definition. At its next start both would "
    "want to write to it. `--persistent` takes it out of both, `--config` out of the definition.",
)
step.near_miss(
    "promised to both",
    lambda v: [attach(v, options="--config")],
    rejected_by="move",
    reason="given-to-both",
    explain="As long as the first machine has the disk, nobody else may write to it: two systems "
    "on one ext4 destroy it. QEMU locks the file for that reason.",
)
step.near_miss(
    "pulled out while it was mounted",
    lambda v: [*detached(v), attach(v), mount(v)],
    rejected_by="move",
    reason="pulled-out",
    explain="The machine still believed in its disk. What was in its memory and not yet written is "
    "lost, as with a USB stick. `umount` comes first; now it only tidies up.",
)
step.near_miss(
    "not mounted",
    lambda v: [unmount(v), *detached(v), attach(v)],
    rejected_by="move",
    reason="not-mounted",
)
step.near_miss(
    "formatted first",
    lambda v: [
        unmount(v),
        *detached(v),
        attach(v),
        by_hand.in_guest(
            v.two,
            f"mkfs.ext4 -q -F /dev/{TARGET}; mkdir -p /data; mount /dev/{TARGET} /data",
            wait=SEEN,
        ),
    ],
    rejected_by="move",
    reason="other-data",
    explain="It was removed, or `mkfs` made a new file system, with which all that was on the "
    "disk is gone. A disk that comes from another machine has one already: mount it. A reset "
    "brings the customer's data back.",
)
step.near_miss(
    "until it is off",
    lambda v: [unmount(v), *detached(v), attach(v, options="--live"), mount(v)],
    rejected_by="move",
    reason="not-kept",
)
step.near_miss(
    "the file removed",
    lambda v: [
        unmount(v),
        *detached(v),
        attach(v),
        mount(v),
        by_hand.in_guest(v.two, f"rm /data/{FILE}"),
    ],
    rejected_by="move",
    reason="other-data",
    explain="It was removed, or `mkfs` made a new file system, with which all that was on the "
    "disk is gone. A disk that comes from another machine has one already: mount it. A reset "
    "brings the customer's data back.",
)
step.near_miss(
    "something added to the file",
    lambda v: [
        unmount(v),
        *detached(v),
        attach(v),
        mount(v),
        by_hand.in_guest(v.two, f"echo checked >> /data/{FILE}"),
    ],
    rejected_by="move",
    reason="written-over",
)
step.near_miss(
    "the second machine switched off",
    lambda v: [unmount(v), *detached(v), attach(v), mount(v), f"virsh destroy {v.two}"],
    rejected_by="move",
    reason="off",
    explain="The disk is in it still, at every start. `virsh start` starts it; the mount you have "
    "to make again, since a machine forgets it.",
)
step.near_miss(
    "unmounted in name only",
    lambda v: [
        by_hand.in_guest(
            v.one,
            f"sleep 9999 < /data/{FILE} > /dev/null 2>&1 & sleep 1; umount -l /data",
        ),
        *detached(v),
        attach(v),
        mount(v),
    ],
    rejected_by="move",
    reason="held-open",
    explain="`umount -l` takes the disk out of the tree, and the kernel goes on using it until the "
    "last file on it is closed. Where `umount` says that it is busy, end what is busy with it.",
)
