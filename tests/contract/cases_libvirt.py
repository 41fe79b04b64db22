"""What libvirt can hold, each with how to damage it and what a stranger would put in its place.

`damages` and `foreign` are shell commands for root in a bench. `foreign` makes an unmarked thing
where ours would go; `theirs` succeeds as long as that thing is untouched.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_engine.resources.base import Resource
from lab_engine.resources.libvirt import VM, Disk, DiskUse, Nic, Pool, Snapshot, VirtualNetwork


@dataclass(frozen=True)
class Case:
    name: str
    resource: Resource
    needs: tuple[Resource, ...] = ()
    damages: tuple[str, ...] = ()
    foreign: str = ""
    theirs: str = ""


LAN = VirtualNetwork("lan", subnet="192.168.140.0/24", domain="lab")
STORE = Pool("store")
BASE = Disk("base.qcow2", pool="store", size=48, filesystem="ext4", label="data",
            files={"deep/one.txt": "one\n"})  # fmt: skip
DATA = Disk("data.qcow2", pool="store", backing="base.qcow2")
BLANK = Disk("blank.img", pool="store", size=16, format="raw")
OFF = VM("off", memory=192, state="shut", disks=(DiskUse("blank.img", "vdc"),))
WEB = VM(
    "web",
    memory=256,
    memory_now=160,
    disks=(DiskUse("data.qcow2"),),
    networks=(Nic("lan"),),
    first_boot="mkdir /data; mount /dev/vda /data; grep -q one /data/deep/one.txt",
)

CASES = (
    Case(
        "nat",
        LAN,
        damages=(
            "virsh net-destroy lan",
            "virsh net-autostart lan",
            "virsh net-undefine lan",
            "virsh net-dumpxml lan --inactive | sed s/192.168.140/192.168.141/g > /tmp/n.xml; "
            "virsh net-define /tmp/n.xml; virsh net-destroy lan; virsh net-start lan",
        ),
        foreign=(
            "echo '<network><name>lan</name><ip address=\"10.9.0.1\"/></network>' > /tmp/n.xml; "
            "virsh net-define /tmp/n.xml"
        ),
        theirs="virsh net-dumpxml lan | grep -q 10.9.0.1",
    ),
    Case(
        "isolated",
        VirtualNetwork(
            "quiet",
            subnet="192.168.150.0/28",
            mode="isolated",
            dhcp=None,
            bridge="quiet0",
            autostart=True,
        ),
        damages=("virsh net-autostart quiet --disable",),
    ),
    Case(
        "pool",
        STORE,
        damages=(
            "virsh pool-destroy store",
            "virsh pool-autostart store",
            "virsh pool-destroy store; virsh pool-undefine store",
        ),
        foreign="mkdir -p /srv/theirs; virsh pool-define-as store dir --target /srv/theirs",
        theirs="virsh pool-dumpxml store | grep -q /srv/theirs",
    ),
    Case(
        "disk",
        BASE,
        needs=(STORE,),
        damages=(
            "virsh vol-resize base.qcow2 96M --pool store",
            "virsh vol-delete base.qcow2 store; virsh vol-create-as store base.qcow2 8M; "
            "setfattr -n trusted.infralab -v infralab:contract-test:disk/base.qcow2 "
            "/var/lib/libvirt/pools/store/base.qcow2",
        ),
        foreign="virsh vol-create-as store base.qcow2 7M --format qcow2",
        theirs="virsh vol-info base.qcow2 store | grep -q '7.00 MiB'",
    ),
    Case(
        "overlay",
        DATA,
        needs=(STORE, BASE),
        damages=("qemu-img rebase -u -b '' /var/lib/libvirt/pools/store/data.qcow2",),
    ),
    Case("raw", BLANK, needs=(STORE,), damages=("virsh vol-resize blank.img 32M --pool store",)),
    Case(
        "vm-shut",
        OFF,
        needs=(STORE, BLANK),
        damages=(
            "virsh setmaxmem off 300M --config",
            "virsh autostart off",
            "virsh detach-disk off vdc --config",
        ),
        foreign=(
            'echo \'<domain type="qemu"><name>off</name><memory>65536</memory><os><type>hvm</type>'
            "</os></domain>' > /tmp/d.xml; virsh define /tmp/d.xml"
        ),
        theirs="virsh dominfo off | grep -q 65536",
    ),
    Case(
        "vm",
        WEB,
        needs=(LAN, STORE, BASE, DATA),
        damages=("virsh destroy web", "virsh undefine web", "virsh suspend web"),
    ),
    Case(
        "snapshot",
        Snapshot("before", vm="web", then="rm /data/deep/one.txt; sync"),
        needs=(LAN, STORE, BASE, DATA, WEB),
        foreign="virsh snapshot-create-as web before --description mine",
        theirs="virsh snapshot-dumpxml web before | grep -q mine",
    ),
)
