"""The XML of a VM, as we define it, and of the devices that it gets. Pure.

Every disk and card has a PCI place of its own, so that a VM that got them while it ran looks the
same as one that booted with them, and a snapshot of the one can be reverted to in the other.
Source: https://libvirt.org/formatdomain.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from lab_engine.families.libvirt.guests import accelerator, full, small
from lab_engine.families.libvirt.resources import VM, Nic

AGENT_CHANNEL: Final = "org.qemu.guest_agent.0"
# The bus of `pc` has slots up to 0x1f. libvirt fills it from below with what has no place given.
_FIRST_NIC_SLOT: Final = 0x10
_FIRST_DISK_SLOT: Final = 0x18
ROOT_SLOT: Final = 0x17


@dataclass(frozen=True, slots=True)
class DiskFile:
    """A volume to be plugged in. `source` is its path in the bench."""

    source: str
    format: str
    target: str
    slot: int


@dataclass(frozen=True, slots=True)
class Hardware:
    """What is the same for every VM of one recipe, apart from name, UUID, disks and cards.

    Args:
        domain_type: `kvm` or `qemu`.
        kernel, initramfs: paths in the bench.
        arguments: the kernel's command line without the host's name.
        memory, vcpus, vcpus_max: as in VM.
        root: path of the disk that the guest lives on; empty for the small guest.
    """

    domain_type: str
    kernel: str
    initramfs: str
    arguments: str
    memory: int
    vcpus: int
    vcpus_max: int
    root: str = ""


def hardware(vm: VM, domain_type: str, root: str = "") -> Hardware:
    """The hardware of a VM; a full guest's has the path of its disk besides."""
    whole = vm.guest == "full"
    initramfs = full.folder() / "initramfs.cpio" if whole else small.INITRAMFS
    return Hardware(
        domain_type,
        str(small.KERNEL),
        str(initramfs),
        " ".join((*(full.ARGUMENTS if whole else small.ARGUMENTS), *vm.kernel_arguments)),
        vm.memory,
        vm.vcpus,
        vm.most_vcpus,
        root,
    )


def domain(
    machine: Hardware,
    name: str,
    uuid: str,
    *,
    mark: ET.Element | None = None,
    memory_now: int = 0,
    devices: tuple[ET.Element, ...] = (),
) -> str:
    """A whole domain. `devices` are elements from `disk` and `interface`."""
    root = ET.Element("domain", type=machine.domain_type)
    _text(root, "name", name)
    _text(root, "uuid", uuid)
    # Tells a guest that it runs on from a copied state (formatdomain.html, genid).
    _text(root, "genid", uuid)
    if mark is not None:
        ET.SubElement(root, "metadata").append(mark)
    _text(root, "memory", machine.memory, unit="MiB")
    _text(root, "currentMemory", memory_now or machine.memory, unit="MiB")
    _text(root, "vcpu", machine.vcpus_max, current=str(machine.vcpus))
    system = ET.SubElement(root, "os")
    _text(system, "type", "hvm", arch="x86_64", machine="pc")
    _text(system, "kernel", machine.kernel)
    _text(system, "initrd", machine.initramfs)
    _text(system, "cmdline", f"{machine.arguments} infralab.host={name} systemd.hostname={name}")
    ET.SubElement(ET.SubElement(root, "features"), "acpi")
    if machine.domain_type == "kvm":
        # To save a state is to migrate it into a file, so only features that can be migrated.
        ET.SubElement(root, "cpu", mode="host-passthrough", migratable="on")
    ET.SubElement(root, "clock", offset="utc")
    _text(root, "on_poweroff", "destroy")
    _text(root, "on_reboot", "restart")
    _text(root, "on_crash", "destroy")
    inside = ET.SubElement(root, "devices")
    _text(inside, "emulator", accelerator.QEMU)
    if machine.root:
        inside.append(disk(DiskFile(machine.root, "qcow2", "vda", ROOT_SLOT)))
    inside.extend(devices)
    ET.SubElement(inside, "controller", type="usb", model="none")
    ET.SubElement(inside, "controller", type="virtio-serial", index="0")
    for kind in ("serial", "console"):
        port = ET.SubElement(inside, kind, type="pty")
        extra = {"type": "serial"} if kind == "console" else {}
        ET.SubElement(port, "target", {**extra, "port": "0"})
    channel = ET.SubElement(inside, "channel", type="unix")
    ET.SubElement(channel, "target", type="virtio", name=AGENT_CHANNEL)
    ET.SubElement(inside, "memballoon", model="virtio")
    random = ET.SubElement(inside, "rng", model="virtio")
    _text(random, "backend", "/dev/urandom", model="random")
    return ET.tostring(root, encoding="unicode")


def disk(file: DiskFile) -> ET.Element:
    """A virtio disk on a volume's file."""
    root = ET.Element("disk", type="file", device="disk")
    # unmap: what the guest frees is free in the bench too.
    ET.SubElement(root, "driver", name="qemu", type=file.format, discard="unmap")
    ET.SubElement(root, "source", file=file.source)
    ET.SubElement(root, "target", dev=file.target, bus="virtio")
    _place(root, file.slot)
    return root


def interface(nic: Nic, mac: str, index: int) -> ET.Element:
    """A card on a virtual network. Without boot ROM: nobody boots over the network here."""
    root = ET.Element("interface", type="network")
    ET.SubElement(root, "mac", address=mac)
    ET.SubElement(root, "source", network=nic.network)
    ET.SubElement(root, "model", type=nic.model)
    ET.SubElement(root, "rom", enabled="no")
    _place(root, _FIRST_NIC_SLOT + index)
    return root


def disk_slot(index: int) -> int:
    return _FIRST_DISK_SLOT + index


def renamed(
    xml: str, name: str, uuid: str, mark: ET.Element | None, root: str = "", initramfs: str = ""
) -> str:
    """A saved domain's XML with another identity, and what it boots from next time.

    What libvirt had written into it for the one that was saved (sockets, terminals, its number) is
    left out, so that it is chosen anew.
    """
    top = ET.fromstring(xml)  # noqa: S314 - libvirtd wrote it, in a file only root can write
    top.attrib.pop("id", None)
    for tag, value in (("name", name), ("uuid", uuid), ("genid", uuid)):
        element = top.find(tag)
        if element is not None:
            element.text = value
    metadata = top.find("metadata")
    if metadata is not None:
        top.remove(metadata)
    if mark is not None:
        fresh = ET.Element("metadata")
        fresh.append(mark)
        top.insert(3, fresh)
    for port in (*top.findall("devices/serial"), *top.findall("devices/console")):
        port.attrib.pop("tty", None)
        _drop(port, "source")
    for channel in top.findall("devices/channel"):
        _drop(channel, "source")
        target = channel.find("target")
        if target is not None:
            target.attrib.pop("state", None)
    boots = top.find("os/initrd")
    if initramfs and boots is not None:
        boots.text = initramfs
    if root:
        source = top.find("devices/disk/source")
        if source is not None:
            source.set("file", root)
    return ET.tostring(top, encoding="unicode")


def _drop(parent: ET.Element, tag: str) -> None:
    child = parent.find(tag)
    if child is not None:
        parent.remove(child)


def _place(device: ET.Element, slot: int) -> None:
    ET.SubElement(
        device, "address", type="pci", domain="0x0000", bus="0x00", slot=f"{slot:#04x}",
        function="0x0",
    )  # fmt: skip


def _text(parent: ET.Element, tag: str, text: object, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = str(text)
