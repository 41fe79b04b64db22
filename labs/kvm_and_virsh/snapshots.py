"""Snapshots: take one, break something, go back."""

from __future__ import annotations

from lab_engine.authoring import (
    VM,
    Disk,
    DiskUse,
    DomainEventsProbe,
    DomainProbe,
    GuestFileProbe,
    LabStep,
    Pool,
    Resource,
    See,
    Snapshot,
    SnapshotFileProbe,
    as_read,
    require,
    require_domain,
    require_guest_mount,
    require_reverted,
    require_snapshot,
)
from labs.kvm_and_virsh.values import (
    MOST_MEMORY,
    Values,
    awake,
    inside,
    lab,
    on_console,
    typed,
)

LEDGER = "/data/ledger"


def machine(v: Values) -> list[Resource]:
    """A VM with a disk that holds the ledger, mounted on /data."""
    return [
        Pool(v.pool),
        Disk(v.volume, pool=v.pool, size=v.disk, filesystem="ext4",
             files={"ledger": f"{v.ledger}\n"}),
        VM(
            v.vm,
            memory=MOST_MEMORY,
            disks=(DiskUse(v.volume),),
            first_boot="mkdir /data; mount /dev/vda /data",
        ),
    ]  # fmt: skip


def touched(v: Values) -> list[str]:
    return [f"vm/{v.vm}", f"disk/{v.volume}"]


take: LabStep = lab.step("snapshot", daemons=("libvirt",), resources=machine, touches=touched)


@take.check("snapshot", points=2)
async def snapshot(see: See, v: Values) -> None:
    domain = await require_domain(see, v.vm)
    taken = domain.snapshot(v.snapshot)
    names = [one.name for one in domain.snapshots]
    look = f"virsh snapshot-list {v.vm}"
    require(
        taken or not any(name.isdecimal() for name in names),
        "nameless",
        expected=f"{v.vm} has a snapshot called {v.snapshot}.",
        observed=f"Its snapshots: {', '.join(names)}.",
        look=look,
    )
    require(
        taken is None or taken.state != "disk-snapshot",
        "disk-only",
        expected="It holds the running machine: its disk and its memory.",
        observed="It holds the disk alone.",
        look=look,
    )
    await require_snapshot(see, v.vm, v.snapshot)


@take.check("damage", points=1, needs=("snapshot",), gone=True, settle=0.5)
async def damage(see: See, v: Values) -> None:
    before = await see.before(GuestFileProbe(v.vm, LEDGER))
    file = await see(GuestFileProbe(v.vm, LEDGER))
    require(
        before.exists and not file.exists,
        "still-there",
        expected=f"{LEDGER} is gone.",
        observed="It is still there.",
        look=on_console(v, "ls -l /data"),
    )
    await require_guest_mount(see, v.vm, "/data", device="/dev/vda")
    held = await see(SnapshotFileProbe(v.vm, v.snapshot, "vda", "/ledger"))
    require(
        held.holds,
        "without-it",
        expected=f"{v.snapshot} holds the ledger.",
        observed="In it there is no ledger: it was taken after the damage.",
        look=f"virsh snapshot-list {v.vm}",
    )
    await require_snapshot(see, v.vm, v.snapshot, older_than="/data")


REMOVE = f"rm {LEDGER}; sync"
take.solution(
    "snapshot-create-as",
    lambda v: [f"virsh snapshot-create-as {v.vm} {v.snapshot}", inside(v, f"rm {LEDGER}")],
)
take.solution(
    "from-a-file",
    lambda v: [
        f"echo '<domainsnapshot><name>{v.snapshot}</name></domainsnapshot>' > snapshot.xml",
        f"virsh snapshot-create {v.vm} snapshot.xml",
        typed(v, REMOVE),
    ],
)
take.near_miss(
    "nameless",
    lambda v: [f"virsh snapshot-create {v.vm}"],
    rejected_by="snapshot",
    reason="nameless",
    explain="`virsh snapshot-create` without a file names the snapshot after the second it was "
    "taken in. `snapshot-create-as` takes a name.",
)
take.near_miss(
    "metadata-of-nothing",
    lambda v: [f"virsh snapshot-create-as {v.vm} {v.snapshot} --disk-only"],
    rejected_by="snapshot",
    reason="disk-only",
    explain="--disk-only leaves the memory out: going back would be like pulling the plug at that "
    "moment. It also moves the VM onto a new disk file that holds only what changes from now on.",
)
take.near_miss(
    "wrong-order",
    lambda v: [
        inside(v, REMOVE),
        "sleep 3",
        f"virsh snapshot-create-as {v.vm} {v.snapshot}",
    ],
    rejected_by="damage",
    reason="without-it",
    explain="A snapshot holds what was there when it was taken. This one was taken after the "
    "damage, so it holds the damage.",
)
take.near_miss(
    "unmounted",
    lambda v: [
        f"virsh snapshot-create-as {v.vm} {v.snapshot}",
        inside(v, "umount /data"),
    ],
    rejected_by="damage",
    reason="not-mounted",
    explain="The file is only out of sight: it still lies on the disk, which is not mounted now.",
)

take.near_miss(
    "something-else-on-top",
    lambda v: [
        f"virsh snapshot-create-as {v.vm} {v.snapshot}",
        inside(v, "mount -t tmpfs none /data"),
    ],
    rejected_by="damage",
    reason="other-device",
    explain="The file is only covered: something else is mounted over its folder.",
)
take.near_miss(
    "another-name",
    lambda v: [f"virsh snapshot-create-as {v.vm} {v.snapshot}-2"],
    rejected_by="snapshot",
    reason="no-snapshot",
)

back: LabStep = lab.step(
    "revert",
    daemons=("libvirt",),
    resources=lambda v: [
        *machine(v),
        Snapshot(v.snapshot, vm=v.vm, then=f"rm {LEDGER}; echo oops > /root/mistake; sync"),
    ],
    touches=touched,
)


@back.check("revert", points=3, settle=2.0)
async def revert(see: See, v: Values) -> None:
    before = await see.before(DomainProbe(v.vm))
    heard = await see.before(DomainEventsProbe(v.vm))
    domain, ledger, mistake, told = await see(
        DomainProbe(v.vm),
        GuestFileProbe(v.vm, LEDGER),
        GuestFileProbe(v.vm, "/root/mistake"),
        DomainEventsProbe(v.vm),
    )
    back_once = any(one.facts.get("why") == "from_snapshot" for one in told.after(heard.last))
    await require_domain(see, v.vm)
    require(
        ledger.answers and mistake.answers,
        "silent",
        expected=f"The guest in {v.vm} answers.",
        observed="Its agent does not answer (yet): a guest that boots takes up to a minute.",
        look=f"virsh dumpxml {v.vm} --xpath //channel",
    )
    require(
        ledger.exists or domain.snapshot(v.snapshot),
        "snapshot-gone",
        expected=f"{LEDGER} is there again.",
        observed=f"There is no such file in the guest, and {v.snapshot} is gone as well.",
        look=f"virsh snapshot-list {v.vm}",
    )
    require(
        ledger.exists or domain.id == before.id or back_once,
        "restarted",
        expected=f"{LEDGER} is there again.",
        observed="There is no such file in the guest, which was started anew.",
        look=on_console(v, "mount"),
    )
    require(
        ledger.exists,
        "no-ledger",
        expected=f"{LEDGER} is there again.",
        observed="There is no such file in the guest.",
        look=on_console(v, "ls -l /data"),
    )
    require(
        as_read(ledger.text) == v.ledger,
        "text",
        expected="The ledger says what it said before.",
        observed=f"It says {ledger.text.strip()!r}.",
        look=on_console(v, f"cat {LEDGER}"),
    )
    require(
        not mistake.exists,
        "by-hand",
        expected="Everything after the snapshot is undone, in memory too.",
        observed="/root/mistake, which was written after the snapshot, is still there.",
        look=on_console(v, "ls /root"),
    )
    require(
        domain.id != before.id,
        "by-hand-all",
        expected=f"{v.vm} was put back to the snapshot {v.snapshot}.",
        observed="It is the machine from the beginning.",
        look=f"virsh domstate --reason {v.vm}",
    )
    await require_reverted(see, v.vm, v.snapshot)


back.solution("by-name", lambda v: [f"virsh snapshot-revert {v.vm} {v.snapshot}"])
back.solution("current", lambda v: [f"virsh snapshot-revert {v.vm} --current --running"])
back.near_miss(
    "deleted",
    lambda v: [f"virsh snapshot-delete {v.vm} {v.snapshot}"],
    rejected_by="revert",
    reason="snapshot-gone",
    explain="Deleting a snapshot does not go back to it: the blocks that it kept are given up. The "
    "step has to begin anew; only reverting goes back in time.",
)
back.near_miss(
    "restarted",
    lambda v: [
        f"virsh destroy {v.vm}",
        f"virsh start {v.vm}",
        awake(v),
    ],
    rejected_by="revert",
    reason="restarted",
    explain="Starting the VM anew does not bring the file back: that boots what lies on the disk "
    "now. Only reverting goes back in time.",
)
back.near_miss(
    "written-again",
    lambda v: [inside(v, f"echo {v.ledger} > {LEDGER}; sync")],
    rejected_by="revert",
    reason="by-hand",
    explain="You wrote the file again by hand. That mends what you know of. A revert brings back "
    "everything, also what you did not notice.",
)
back.near_miss(
    "all-mended-by-hand",
    lambda v: [inside(v, f"echo {v.ledger} > {LEDGER}; rm /root/mistake; sync")],
    rejected_by="revert",
    reason="by-hand-all",
    explain="You put right by hand what you know of. A revert brings back everything, also what "
    "you did not notice.",
)
back.near_miss(
    "restarted-and-written",
    lambda v: [
        f"virsh destroy {v.vm}",
        f"virsh start {v.vm}",
        awake(v),
        inside(v, f"mkdir -p /data; mount /dev/vda /data; echo {v.ledger} > {LEDGER}; sync"),
    ],
    rejected_by="revert",
    reason="not-reverted",
    explain="This machine was started anew, and the file written again. What ran in its memory is "
    "gone. A revert brings back both.",
)
back.near_miss(
    "put back, and removed again",
    lambda v: [f"virsh snapshot-revert {v.vm} {v.snapshot}", inside(v, f"rm {LEDGER}")],
    rejected_by="revert",
    reason="no-ledger",
)
back.near_miss(
    "put back, and the snapshot taken anew",
    lambda v: [
        f"virsh snapshot-revert {v.vm} {v.snapshot}",
        f"virsh snapshot-delete {v.vm} {v.snapshot}",
        f"virsh snapshot-create-as {v.vm} {v.snapshot}",
    ],
    rejected_by="revert",
    reason="new-snapshot",
    explain="The snapshot that brought you back is gone, and the one of its name holds another "
    "moment. A snapshot is kept until nobody may need it.",
)
back.near_miss(
    "invented",
    lambda v: [inside(v, f"echo balance-0 > {LEDGER}; sync")],
    rejected_by="revert",
    reason="text",
    explain="The file is there, but with another text: nobody remembers it but the snapshot.",
)
back.near_miss(
    "paused",
    lambda v: [f"virsh snapshot-revert {v.vm} {v.snapshot} --paused"],
    rejected_by="revert",
    reason="paused",
    explain="A machine that is paused does not go on, whether it is there again or not. "
    "`virsh resume` lets it run.",
)
