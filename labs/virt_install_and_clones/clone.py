"""A second machine from the first: what is copied, and what must not be."""

from __future__ import annotations

from lab_engine.authoring import (
    VM,
    Disk,
    DiskProbe,
    DiskUse,
    DomainProbe,
    GuestCommandProbe,
    Nic,
    Pool,
    Resource,
    See,
    VirtualNetworkProbe,
    by_hand,
    require,
    require_card,
    require_disk,
    require_domain,
)
from labs.virt_install_and_clones.values import Values, answered, lab

VOLUME = "first.qcow2"


def first(v: Values) -> list[Resource]:
    return [
        v.lan(),
        Pool(v.pool),
        Disk(VOLUME, pool=v.pool, size=4, filesystem="ext4", files={"stock": f"{v.word}\n"}),
        VM(
            v.vm,
            memory=160,
            disks=(DiskUse(VOLUME),),
            networks=(Nic(v.network, mac=v.mac),),
            state="shut",
        ),
    ]


step = lab.step("clone", daemons=("libvirt",), resources=first)


@step.check("clone", points=3)
async def clone(see: See, v: Values) -> None:
    before = await see.before(DomainProbe(v.vm))
    original, copy, disk = await see(
        DomainProbe(v.vm), DomainProbe(v.copy), DiskProbe(v.pool, VOLUME)
    )
    await require_domain(see, v.copy, state="")
    require(
        copy.uuid != before.uuid,
        "renamed",
        expected=f"{v.vm} is there, and {v.copy} as well.",
        observed=f"{v.copy} is the first one under another name.",
        look="virsh list --all",
    )
    require(
        original.exists and original.uuid == before.uuid,
        "first-gone",
        expected=f"{v.vm} is there as well.",
        observed="It is gone, or another one has its name.",
        look="virsh list --all",
    )
    look = f"virsh domblklist --details {v.copy}; virsh domblklist --details {v.vm}"
    files = {one.file for one in copy.config_disks if one.file}
    require(
        copy.config_disks,
        "no-disk",
        expected=f"{v.copy} has a disk, as {v.vm} has.",
        observed="It has none.",
        look=look,
    )
    require(
        files,
        "no-file",
        expected=f"The disk of {v.copy} is there.",
        observed=f"Its description names {copy.config_disks[0].source or 'none'}. There is none.",
        look=look,
    )
    require(
        disk.file not in files,
        "same-disk",
        expected=f"{v.copy} has a disk of its own.",
        observed=f"Its disk is the one of {v.vm}.",
        look=look,
    )
    theirs = [one for one in copy.config_disks if one.pool == v.pool]
    require(
        theirs,
        "other-pool",
        expected=f"The disk of {v.copy} is a volume of the pool {v.pool}.",
        observed="It lies elsewhere.",
        look=look,
    )
    made = await see(DiskProbe(v.pool, theirs[0].volume))
    await require_disk(see, v.copy, v.pool, theirs[0].volume, format=made.format)
    require(
        not made.backing,
        "leans-on-it",
        expected=f"The disk of {v.copy} stands by itself.",
        observed=f"It holds what differs from {made.backing}, and cannot be read without that.",
        look=f"virsh vol-dumpxml {theirs[0].volume} {v.pool} --xpath //backingStore",
    )
    require(
        made.capacity == disk.capacity,
        "other-size",
        expected=f"It is as big as the one of {v.vm}.",
        observed=f"It has {made.capacity} bytes for {disk.capacity}.",
        look=f"virsh vol-list {v.pool} --details",
    )
    cards = [card.mac for card in copy.config_interfaces if card.network == v.network]
    interfaces = f"virsh domiflist {v.copy}; virsh domiflist {v.vm}"
    require(
        cards,
        "no-card",
        expected=f"{v.copy} has a card on {v.network}, as {v.vm} has.",
        observed="It has none.",
        look=interfaces,
    )
    require(
        not {card.mac for card in original.config_interfaces} & set(cards),
        "same-card",
        expected=f"The card of {v.copy} has an address of its own.",
        observed=f"It has the one of {v.vm}: {cards[0]}.",
        look=interfaces,
    )


@step.check("start", points=2, needs=("clone",), settle=3.0)
async def start(see: See, v: Values) -> None:
    await require_domain(see, v.copy)
    held = await see(
        GuestCommandProbe(v.copy, ("sh", "-c", f"grep -c {v.word} /dev/vda"), seconds=30)
    )
    answered(held, v.copy)
    require(
        held.ok,
        "empty",
        expected=f"The disk of {v.copy} holds what that of {v.vm} holds.",
        observed="It does not.",
        look=f"virsh domblklist --details {v.copy}",
    )
    card = await require_card(see, v.copy, v.network)
    given = (await see(VirtualNetworkProbe(v.network))).lease(card.mac)
    require(
        given,
        "no-lease",
        expected=f"{v.network} has given an address to {v.copy}.",
        observed="It has given none (yet).",
        look=f"virsh net-dhcp-leases {v.network}",
    )
    await require_card(see, v.copy, v.network, mac=card.mac, address=given)


def by_description(v: Values, *edits: str) -> str:
    """Copy the description with changes of sed."""
    wanted = (f"s|<name>.*|<name>{v.copy}</name>|", "/<uuid>/d", "/<genid>/d", *edits)
    changes = " ".join(f"-e '{one}'" for one in wanted)
    return f"virsh dumpxml {v.vm} | sed {changes} > copy.xml"


OTHER_FILE = f"s|{VOLUME}|second.qcow2|"
OTHER_CARD = "/<mac /d"

step.solution(
    "virt-clone",
    lambda v: [
        f"virt-clone --original {v.vm} --name {v.copy} --auto-clone",
        by_hand.awake(v.copy, f"virsh start {v.copy}"),
    ],
)
step.solution(
    "by hand",
    lambda v: [
        f"virsh vol-clone {VOLUME} second.qcow2 --pool {v.pool}",
        by_description(v, OTHER_FILE, OTHER_CARD),
        "virsh define copy.xml",
        by_hand.awake(v.copy, f"virsh start {v.copy}"),
    ],
)
step.solution(
    "by hand, in another format",
    lambda v: [
        f"first=$(virsh vol-path {VOLUME} {v.pool}) && "
        "sudo qemu-img convert -O raw $first ${first%/*}/second.img && "
        f"virsh pool-refresh {v.pool}",
        by_description(
            v, f"s|{VOLUME}|second.img|", '/<driver/s|type=.qcow2.|type="raw"|', OTHER_CARD
        ),
        "virsh define copy.xml",
        by_hand.awake(v.copy, f"virsh start {v.copy}"),
    ],
)
step.near_miss(
    "two writers",
    lambda v: [by_description(v, OTHER_CARD), "virsh define copy.xml"],
    rejected_by="clone",
    reason="same-disk",
    explain="Both descriptions name one file. Two systems that write to one disk destroy it; QEMU "
    "locks the file, so the second of them will not even start.",
)
step.near_miss(
    "only the description",
    lambda v: [
        f"virt-clone --original {v.vm} --name {v.copy} --auto-clone --print-xml > copy.xml",
        "virsh define copy.xml",
    ],
    rejected_by="clone",
    reason="no-file",
)
step.near_miss(
    "one card for two",
    lambda v: [
        f"virsh vol-clone {VOLUME} second.qcow2 --pool {v.pool}",
        by_description(v, OTHER_FILE),
        "virsh define copy.xml",
    ],
    rejected_by="clone",
    reason="same-card",
    explain="Two cards with one address on one network: DHCP gives both the same, and answers "
    "reach whoever spoke last.",
)
step.near_miss(
    "a thin copy",
    lambda v: [
        f"virsh vol-create-as {v.pool} second.qcow2 4M --format qcow2 "
        f"--backing-vol {VOLUME} --backing-vol-format qcow2",
        by_description(v, OTHER_FILE, OTHER_CARD),
        "virsh define copy.xml",
    ],
    rejected_by="clone",
    reason="leans-on-it",
    explain="This disk holds only what differs from the first one. It was made in no time, and it "
    "is worth nothing without that. Clouds do so with images that never change; a machine that "
    "goes on writing is no such image.",
)
step.near_miss(
    "an empty disk",
    lambda v: [
        f"virsh vol-create-as {v.pool} second.qcow2 4M --format qcow2",
        by_description(v, OTHER_FILE, OTHER_CARD),
        "virsh define copy.xml",
        by_hand.awake(v.copy, f"virsh start {v.copy}"),
    ],
    rejected_by="start",
    reason="empty",
)
step.near_miss(
    "the first one started",
    lambda v: [
        f"virt-clone --original {v.vm} --name {v.copy} --auto-clone",
        f"virsh start {v.vm}",
    ],
    rejected_by="start",
    reason="off",
)
step.near_miss(
    "the first one given up",
    lambda v: [
        f"virt-clone --original {v.vm} --name {v.copy} --auto-clone",
        f"virsh undefine {v.vm}",
    ],
    rejected_by="clone",
    reason="first-gone",
)
step.near_miss(
    "renamed",
    lambda v: [f"virsh domrename {v.vm} {v.copy}"],
    rejected_by="clone",
    reason="renamed",
    explain="Two are wanted. `virsh domrename` gives the one that is there another name.",
)
