"""What libvirt can hold, for the contract suite."""

from __future__ import annotations

from lab_engine.families.libvirt.resources import (
    VM,
    Disk,
    DiskUse,
    Nic,
    Pool,
    Reservation,
    Snapshot,
    VirtualNetwork,
)
from tests.families.case import Case, Damage, changes

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

CARD = "52:54:00:99:00:11"
ORDER = VirtualNetwork(
    "order",
    subnet="10.77.0.0/24",
    mode="open",
    reservations=(Reservation(CARD, "10.77.0.11", "page"),),
)
PAGE = VM(
    "page",
    memory=192,
    networks=(Nic("order", mac=CARD),),
    files={
        "www/index.html": "a page that comes again\n",
        "etc/rc.local": "#!/bin/sh\nhttpd -p 80 -h /www\n",
    },
)

CASES = (
    Case(
        "virtual-network",
        LAN,
        damages=changes(
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
        shown="ip addr show | grep -q 192.168.140.1/24",
    ),
    Case(
        "virtual-network-isolated",
        VirtualNetwork(
            "quiet",
            subnet="192.168.150.0/28",
            mode="isolated",
            dhcp=None,
            bridge="quiet0",
            autostart=True,
        ),
        damages=changes("virsh net-autostart quiet --disable"),
        shown="ip addr show quiet0 | grep -q 192.168.150.1/28",
    ),
    Case(
        "virtual-network-open",
        ORDER,
        damages=changes(
            f"virsh net-update order delete ip-dhcp-host \"<host mac='{CARD}'/>\" --live --config",
            f"virsh net-update order modify ip-dhcp-host "
            f"\"<host mac='{CARD}' ip='10.77.0.12'/>\" --live",
        ),
        # What libvirt adds for other modes names the bridge in its rules.
        shown="bridge=$(virsh net-info order | awk '/Bridge/ {print $2}'); "
        "ip addr show $bridge | grep -q 10.77.0.1/24; ! nft list ruleset | grep -q $bridge",
    ),
    Case(
        "pool",
        STORE,
        damages=changes(
            "virsh pool-destroy store",
            "virsh pool-autostart store",
            Damage("virsh pool-destroy store; virsh pool-undefine store", leaves="gone"),
        ),
        foreign="mkdir -p /srv/theirs; virsh pool-define-as store dir --target /srv/theirs",
        theirs="virsh pool-dumpxml store | grep -q /srv/theirs",
        shown="virsh pool-info store | grep -q running",
    ),
    Case(
        "disk",
        BASE,
        needs=(STORE,),
        damages=changes(
            "virsh vol-resize base.qcow2 96M --pool store",
            "virsh vol-delete base.qcow2 store; virsh vol-create-as store base.qcow2 8M; "
            "setfattr -n trusted.infralab -v infralab:contract-test:disk/base.qcow2 "
            "/var/lib/libvirt/pools/store/base.qcow2",
        ),
        foreign="virsh vol-create-as store base.qcow2 7M --format qcow2",
        theirs="virsh vol-info base.qcow2 store | grep -q '7.00 MiB'",
        shown="qemu-img info /var/lib/libvirt/pools/store/base.qcow2 | grep -q '48 MiB'",
    ),
    Case(
        "disk-overlay",
        DATA,
        needs=(STORE, BASE),
        damages=changes("qemu-img rebase -u -b '' /var/lib/libvirt/pools/store/data.qcow2"),
        shown="qemu-img info -U /var/lib/libvirt/pools/store/data.qcow2 | grep -q base.qcow2",
    ),
    Case(
        "disk-raw",
        BLANK,
        needs=(STORE,),
        damages=changes("virsh vol-resize blank.img 32M --pool store"),
        shown="qemu-img info /var/lib/libvirt/pools/store/blank.img | grep -q 'file format: raw'",
    ),
    Case(
        "vm-shut",
        OFF,
        needs=(STORE, BLANK),
        damages=changes(
            "virsh setmaxmem off 300M --config",
            "virsh autostart off",
            "virsh detach-disk off vdc --config",
        ),
        foreign=(
            'echo \'<domain type="qemu"><name>off</name><memory>65536</memory><os><type>hvm</type>'
            "</os></domain>' > /tmp/d.xml; virsh define /tmp/d.xml"
        ),
        theirs="virsh dominfo off | grep -q 65536",
        shown="virsh domstate off | grep -q 'shut off'",
    ),
    Case(
        "vm",
        WEB,
        needs=(LAN, STORE, BASE, DATA),
        damages=changes("virsh destroy web", "virsh undefine web", "virsh suspend web"),
        shown="pgrep -f guest=web; virsh domblklist web | grep -q data.qcow2",
    ),
    Case(
        "vm-files",
        PAGE,
        needs=(ORDER,),
        damages=changes(
            Damage("rm /var/lib/infralab/initramfs/page.cpio", listed=False),
            "virsh detach-interface page network --config",
        ),
        shown="curl -s --retry 5 --retry-connrefused http://10.77.0.11/ | grep -q again",
    ),
    Case(
        "snapshot",
        Snapshot("before", vm="web", then="rm /data/deep/one.txt; sync"),
        needs=(LAN, STORE, BASE, DATA, WEB),
        damages=changes(Damage("virsh snapshot-delete web before", leaves="gone")),
        foreign="virsh snapshot-create-as web before --description mine",
        theirs="virsh snapshot-dumpxml web before | grep -q mine",
        shown="qemu-img info -U /var/lib/libvirt/pools/store/data.qcow2 | grep -q ' before '",
    ),
)
