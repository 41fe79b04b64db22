from __future__ import annotations

from typing import Any

import pytest

from lab_engine.errors import ResourceError
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


def network(*reservations: Reservation) -> VirtualNetwork:
    return VirtualNetwork("n", subnet="10.0.0.0/24", reservations=reservations)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: VM("a b"), "name"),
        (lambda: VM("a", guest="windows"), "guest"),
        (lambda: VM("a", state="on"), "state"),
        (lambda: VM("a", memory=16), "memory"),
        (lambda: VM("a", memory=128, memory_now=256), "memory_now"),
        (lambda: VM("a", vcpus=0), "vcpus"),
        (lambda: VM("a", vcpus=2, vcpus_max=1), "vcpus_max"),
        (lambda: VM("a", disks=(DiskUse("d", "sda"),)), "disks[0].target"),
        (lambda: VM("a", disks=(DiskUse("d", "vdb"), DiskUse("e", "vdb"))), "disks[1].target"),
        (
            lambda: VM("a", guest="full", memory=512, disks=(DiskUse("d", "vda"),)),
            "disks[0].target",
        ),
        (lambda: VM("a", disks=(DiskUse("d"), DiskUse("d"))), "disks"),
        (lambda: VM("a", networks=(Nic("n", model="ne2k"),)), "networks[0].model"),
        (lambda: VM("a", networks=(Nic("n", model="e1000"),)), "networks[0].model"),
        (lambda: VM("a", networks=(Nic("n", mac="52:54:00:1"),)), "networks[0].mac"),
        (lambda: VM("a", networks=(Nic("n", mac="53:54:00:12:34:56"),)), "networks[0].mac"),
        (lambda: VM("a", networks=(Nic("n", mac="52:54:00:12:34:56"),) * 2), "networks"),
        (lambda: VM("a", kernel_arguments=("a b",)), "kernel_arguments[0]"),
        (lambda: VM("a", state="shut", first_boot="true"), "first_boot"),
        (lambda: VirtualNetwork("n", subnet="10.0.0.1/24"), "subnet"),
        (lambda: VirtualNetwork("n", subnet="10.0.0.0/30"), "subnet"),
        (lambda: VirtualNetwork("n", subnet="10.0.0.0/24", mode="bridge"), "mode"),
        (lambda: VirtualNetwork("n", subnet="10.0.0.0/24", domain="Lab_"), "domain"),
        (lambda: VirtualNetwork("n", subnet="10.0.0.0/24", bridge="a" * 16), "bridge"),
        (lambda: VirtualNetwork("n", subnet="10.0.0.0/24", dhcp=("10.0.1.2", "")), "dhcp"),
        (lambda: VirtualNetwork("n", subnet="10.0.0.0/24", dhcp=("10.0.0.1", "")), "dhcp"),
        (lambda: VirtualNetwork("n", subnet="10.0.0.0/24", dhcp=("x", "")), "dhcp"),
        (lambda: network(Reservation("52:54:00:00:00:0A", "10.0.0.9")), "reservations[0].mac"),
        (lambda: network(Reservation("52:54:00:00:00:0a", "10.0.1.9")), "reservations[0].address"),
        (lambda: network(Reservation("52:54:00:00:00:0a", "10.0.0.1")), "reservations[0].address"),
        (lambda: network(Reservation("52:54:00:00:00:0a", "nine")), "reservations[0].address"),
        (
            lambda: network(Reservation("52:54:00:00:00:0a", "10.0.0.9", "A b")),
            "reservations[0].hostname",
        ),
        (
            lambda: network(
                Reservation("52:54:00:00:00:0a", "10.0.0.9"),
                Reservation("52:54:00:00:00:0b", "10.0.0.9"),
            ),
            "reservations",
        ),
        (
            lambda: VirtualNetwork(
                "n",
                subnet="10.0.0.0/24",
                dhcp=None,
                reservations=(Reservation("52:54:00:00:00:0a", "10.0.0.9"),),
            ),
            "reservations",
        ),
        (lambda: VM("v", guest="full", memory=512, files={"a": ""}), "files"),
        (lambda: VM("v", files={"../a": ""}), "files"),
        (lambda: Disk("d", pool="p"), "size"),
        (lambda: Disk("d", pool="p", size=1, format="vmdk"), "format"),
        (lambda: Disk("d", pool="p", size=1, format="raw", backing="e"), "backing"),
        (lambda: Disk("d", pool="p", size=1, backing="d"), "backing"),
        (lambda: Disk("d", pool="p", size=1, filesystem="ntfs"), "filesystem"),
        (lambda: Disk("d", pool="p", size=1, files={"a": "b"}), "files"),
        (lambda: Disk("d", pool="p", size=9, filesystem="ext4", files={"../a": "b"}), "files"),
    ],
)
def test_wrong_fields_are_named(make: Any, field: str) -> None:
    with pytest.raises(ResourceError) as caught:
        make()
    assert caught.value.field == field


def test_references_become_needs() -> None:
    vm = VM("a", disks=(DiskUse("d"), DiskUse("e")), networks=(Nic("n"), Nic("n")))
    assert [need.key for need in vm.needs()] == ["disk/d", "disk/e", "virtual-network/n"]
    assert [need.key for need in Disk("d", pool="p", backing="e").needs()] == ["pool/p", "disk/e"]
    assert [n.stage for n in Snapshot("s", vm="a").needs()] == ["running"]
    assert [n.stage for n in Snapshot("s", vm="a", then="true").needs()] == ["answers"]


def test_disks_get_the_next_free_name() -> None:
    vm = VM("a", disks=(DiskUse("d"), DiskUse("e", "vda"), DiskUse("f")))
    assert vm.targets() == ("vdb", "vda", "vdc")
    assert VM("a", guest="full", memory=512, disks=(DiskUse("d"),)).targets() == ("vdb",)


def test_hardware_addresses_are_the_same_each_time_and_different_for_each() -> None:
    vm, other = VM("a", networks=(Nic("n"), Nic("n"))), VM("b", networks=(Nic("n"),))
    assert vm.macs() == VM("a", networks=(Nic("n"), Nic("m"))).macs()
    assert len({*vm.macs(), *other.macs()}) == 3


def test_what_is_waited_for() -> None:
    assert VM("a").final_stage() == "answers"
    assert VM("a", state="shut").final_stage() == "created"
    assert Pool("p").path.endswith("/p")


def test_the_whole_subnet_but_the_gateway_is_given_out() -> None:
    assert VirtualNetwork("n", subnet="10.0.0.0/24").range() == ("10.0.0.2", "10.0.0.254")
    assert VirtualNetwork("n", subnet="10.0.0.0/24", dhcp=None).range() is None
