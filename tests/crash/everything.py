"""One of every kind of resource, tied together."""

from __future__ import annotations

from lab_engine.families.docker.resources import (
    Attachment,
    Container,
    ContainerMount,
    DockerNetwork,
    DockerVolume,
    Image,
)
from lab_engine.families.files.resources import Directory, File, Mount, Tmpfs
from lab_engine.families.incus.resources import IncusImage, IncusInstance, IncusProject
from lab_engine.families.libvirt.resources import (
    VM,
    Disk,
    DiskUse,
    Nic,
    Pool,
    Snapshot,
    VirtualNetwork,
)
from lab_engine.families.netlink.resources import (
    Address,
    Bridge,
    End,
    Filter,
    Host,
    Link,
    Nat,
    Route,
    Rule,
)
from lab_engine.families.nodes.resources import Node
from lab_engine.families.openvswitch.resources import OvsBridge, OvsPort
from lab_engine.families.process.resources import Service
from lab_engine.families.registry import AnyResource
from lab_engine.families.vagrant.resources import VagrantBox

EVERYTHING: tuple[AnyResource, ...] = (
    Image("busybox"),
    DockerNetwork("lan", subnet="10.78.0.0/24"),
    DockerVolume("data", files={"one.txt": "one\n"}),
    Container(
        "web",
        image="busybox",
        command=("sleep", "1000"),
        networks=(Attachment("lan"),),
        mounts=(ContainerMount("/data", "data"),),
    ),
    Node("north", network="lan", address="10.78.0.20", images=("busybox",), joins="north"),
    VirtualNetwork("wire", subnet="192.168.140.0/24", domain="lab"),
    Pool("store"),
    Disk("disk.qcow2", pool="store", size=16),
    VM("alpha", networks=(Nic("wire"),), disks=(DiskUse("disk.qcow2"),)),
    Snapshot("before", vm="alpha"),
    Host("left", forwarding=True),
    Bridge("br-lab"),
    Link("cable", a=End("port1", bridge="br-lab"), b=End("eth0", host="left")),
    Address("left-ip", cidr="10.9.0.1/24", interface="eth0", host="left", link="cable"),
    Route("out", to="default", via="10.9.0.2", host="left", address="left-ip"),
    Nat("masq", action="masquerade", out_interface="eth0", host="left"),
    Filter("wall", hook="input", rules=(Rule("accept", protocol="icmp"),), host="left"),
    Directory("site", path="/srv/site", files={"index.html": "hello\n"}),
    File("note", path="/home/learner/note.txt", content="read me\n"),
    Mount("shown", source="/srv/site", target="/srv/shown", source_from="directory/site"),
    Tmpfs("scratch", target="/srv/scratch"),
    OvsBridge("s1"),
    OvsPort("p1", bridge="s1", tag=10),
    IncusImage("web"),
    IncusProject("bank"),
    IncusInstance("bank_web1", image="web"),
    VagrantBox("meadow", versions=("1.0.0",)),
    Service("idle", argv=("sleep", "1000"), host="left"),
)
