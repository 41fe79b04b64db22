"""What the bench's own libvirt can make: VMs, virtual networks, pools, disks, snapshots.

Memory and disk sizes are whole MiB. Elements are described at https://libvirt.org/format.html.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from typing import ClassVar, Final

import msgspec

from lab_engine.common.resource import Need, Resource, Stage

GUESTS: Final = ("small", "full")
SMALL_KERNEL: Final = "/usr/lib/infralab/guest/vmlinux"
SMALL_INITRAMFS: Final = "/usr/lib/infralab/guest/small.cpio"
"""What a VM with the small guest boots; both are there whenever libvirt runs in the bench."""
VM_STATES: Final = ("running", "paused", "shut")
NIC_MODELS: Final = ("virtio", "e1000", "rtl8139")
FORWARD_MODES: Final = ("nat", "isolated", "open")
DISK_FORMATS: Final = ("qcow2", "raw")
FILESYSTEMS: Final = ("", "ext2", "ext4")
# The least with which each was seen to boot.
LEAST_MEMORY: Final = {"small": 96, "full": 256}
MOST_MEMORY: Final = 8192
MOST_VCPUS: Final = 8
# So far each card and disk has a PCI slot of its own (agent/domain_xml.py).
MOST_NICS: Final = 6
MOST_DISKS: Final = 8

_VM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}\Z")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z")
_TARGET = re.compile(r"vd[a-z]\Z")
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?\Z")
_ARGUMENT = re.compile(r"[\x21-\x7e]+\Z")


class DiskUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A disk in a VM. `target` is its name in the guest; empty takes the next free one."""

    disk: str
    target: str = ""


class Nic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A network card of a VM. Without `mac` it gets one that depends on VM and position."""

    network: str
    mac: str = ""
    model: str = "virtio"


class VM(Resource, frozen=True, kw_only=True, tag="vm"):
    """A virtual machine.

    A running one starts from a saved state where one fits, else it boots; either way it has its
    own name, UUID, network cards and disks, and its guest agent answers before the learner begins.

    Args:
        guest: `small` (everything in memory, seconds to boot) or `full` (Debian on a disk).
        memory: the most it may have, in MiB.
        memory_now: what it has at present (the balloon); 0 for all of `memory`.
        vcpus, vcpus_max: CPUs it has, and may get while it runs (0: no more than `vcpus`).
        disks, networks: in the order in which the guest sees them.
        kernel_arguments: added to the guest's own.
        first_boot: a shell script, run as root in the guest once; it must exit 0.
        files: texts by path that a small guest has after every start, such as `www/index.html`;
            what begins with `#!` can be run. `etc/rc.local` is run at every start.
        state: `running`, `paused` or `shut` (defined, not started).
        autostart: whether libvirt starts it when libvirt starts.
        after: further resources that must be there first, with their stage.

    Example::

        VM(
            "alpha",
            memory=192,
            vcpus=1,
            vcpus_max=2,
            disks=(DiskUse("data", target="vdb"),),
            networks=(Nic("lab-net"),),
        )
    """

    guest: str = "small"
    memory: int = 192
    memory_now: int = 0
    vcpus: int = 1
    vcpus_max: int = 0
    disks: tuple[DiskUse, ...] = ()
    networks: tuple[Nic, ...] = ()
    kernel_arguments: tuple[str, ...] = ()
    first_boot: str = ""
    files: dict[str, str] = msgspec.field(default_factory=dict)
    state: str = "running"
    autostart: bool = False
    after: tuple[Need, ...] = ()

    name_pattern: ClassVar[re.Pattern[str]] = _VM_NAME

    @property
    def current_memory(self) -> int:
        return self.memory_now or self.memory

    @property
    def most_vcpus(self) -> int:
        return self.vcpus_max or self.vcpus

    def targets(self) -> tuple[str, ...]:
        """The names of the disks in the guest, in order; a full guest's own disk comes first."""
        taken = {use.target for use in self.disks if use.target}
        if self.guest == "full":
            taken.add("vda")
        free = (name for name in (f"vd{chr(letter)}" for letter in range(ord("a"), ord("z") + 1))
                if name not in taken)  # fmt: skip
        return tuple(use.target or next(free) for use in self.disks)

    def macs(self) -> tuple[str, ...]:
        """The hardware addresses of the network cards, in order; derived ones begin 52:54:00."""
        derived: list[str] = []
        for index, nic in enumerate(self.networks):
            digest = hashlib.sha256(f"{self.name}/{index}".encode()).hexdigest()
            # QEMU's own prefix, which is no vendor's (bit 1 of the first byte).
            derived.append(nic.mac or f"52:54:00:{digest[:2]}:{digest[2:4]}:{digest[4:6]}")
        return tuple(derived)

    def needs(self) -> tuple[Need, ...]:
        wanted = [Need(f"disk/{use.disk}") for use in self.disks]
        wanted += [Need(f"virtual-network/{nic.network}", "running") for nic in self.networks]
        return (*dict.fromkeys(wanted), *self.after)

    def final_stage(self) -> Stage:
        return {"running": "answers", "paused": "running"}.get(self.state, "created")  # type: ignore[return-value]

    def validate(self) -> None:
        self._one_of("guest", self.guest, GUESTS)
        self._one_of("state", self.state, VM_STATES)
        least = LEAST_MEMORY[self.guest]
        if not least <= self.memory <= MOST_MEMORY:
            raise self.wrong("memory", f"{self.memory} MiB is not {least} to {MOST_MEMORY}")
        if self.memory_now and not least <= self.memory_now <= self.memory:
            raise self.wrong("memory_now", f"{self.memory_now} is not {least} to {self.memory}")
        if not 1 <= self.vcpus <= MOST_VCPUS:
            raise self.wrong("vcpus", f"{self.vcpus} is not 1 to {MOST_VCPUS}")
        if self.vcpus_max and not self.vcpus <= self.vcpus_max <= MOST_VCPUS:
            raise self.wrong("vcpus_max", f"{self.vcpus_max} is not {self.vcpus} to {MOST_VCPUS}")
        self._validate_disks()
        self._validate_networks()
        if self.files and self.guest != "small":
            raise self.wrong("files", "only the small guest can have them")
        for path in self.files:
            if any(part in ("", ".", "..") for part in path.split("/")):
                raise self.wrong("files", f"{path!r} is not a plain relative path")
        for index, argument in enumerate(self.kernel_arguments):
            if not _ARGUMENT.match(argument):
                raise self.wrong(f"kernel_arguments[{index}]", f"{argument!r} is not one word")
        if self.first_boot and self.state != "running":
            raise self.wrong("first_boot", f"cannot run in a VM whose state is {self.state!r}")

    def _validate_disks(self) -> None:
        if len(self.disks) > MOST_DISKS:
            raise self.wrong("disks", f"are more than {MOST_DISKS}")
        seen: set[str] = {"vda"} if self.guest == "full" else set()
        for index, use in enumerate(self.disks):
            if use.target and not _TARGET.match(use.target):
                raise self.wrong(f"disks[{index}].target", f"{use.target!r} is not vda to vdz")
            if use.target in seen:
                raise self.wrong(f"disks[{index}].target", f"{use.target!r} is taken already")
            if use.target:
                seen.add(use.target)
        names = [use.disk for use in self.disks]
        if len(set(names)) < len(names):
            raise self.wrong("disks", "the same disk is there twice")

    def _validate_networks(self) -> None:
        if len(self.networks) > MOST_NICS:
            raise self.wrong("networks", f"are more than {MOST_NICS}")
        for index, nic in enumerate(self.networks):
            self._one_of(f"networks[{index}].model", nic.model, NIC_MODELS)
            if nic.mac and not _MAC.match(nic.mac):
                raise self.wrong(
                    f"networks[{index}].mac",
                    f"{nic.mac!r} is no MAC address in lower case",
                    hint="Write it as 52:54:00:12:34:56.",
                )
            # Bit 0 of the first byte (IEEE 802).
            if nic.mac and int(nic.mac[:2], 16) & 1:
                raise self.wrong(f"networks[{index}].mac", f"{nic.mac} is a multicast address")
            if self.guest == "small" and nic.model != "virtio":
                raise self.wrong(
                    f"networks[{index}].model", "the small guest has the virtio driver only"
                )
        if len(set(self.macs())) < len(self.networks):
            raise self.wrong("networks", "two cards have the same MAC address")

    def _one_of(self, field: str, value: str, choices: tuple[str, ...]) -> None:
        if value not in choices:
            raise self.wrong(field, f"{value!r} is not one of {', '.join(choices)}")


class Reservation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address that DHCP keeps for one card, and if wanted the name that goes with it."""

    mac: str
    address: str
    hostname: str = ""


class VirtualNetwork(Resource, frozen=True, kw_only=True, tag="virtual-network"):
    """A network of libvirt: a bridge with, if wanted, NAT, DHCP and DNS.

    The bench itself has the first address of `subnet`.

    Args:
        mode: `nat` (guests reach what the bench reaches), `isolated`, or `open`: the bench passes
            packets on, and libvirt adds no rules to its packet filter.
        dhcp: first and last address to give out; `("", "")` takes 2 to the last but one, `None`
            gives out none.
        domain: the DNS domain; guests with a lease answer to `name.domain`.
        bridge: the interface's name; empty for one that libvirt chooses.
        reservations: addresses that DHCP keeps, each for the card of one MAC.

    Example::

        VirtualNetwork(
            "lab-net",
            subnet="192.168.130.0/24",
            domain="lab.test",
            reservations=(Reservation("52:54:00:00:00:11", "192.168.130.11"),),
        )
    """

    subnet: str
    mode: str = "nat"
    dhcp: tuple[str, str] | None = ("", "")
    reservations: tuple[Reservation, ...] = ()
    domain: str = ""
    bridge: str = ""
    autostart: bool = False

    name_pattern: ClassVar[re.Pattern[str]] = _VM_NAME

    @property
    def gateway(self) -> str:
        return str(ipaddress.IPv4Network(self.subnet)[1])

    def range(self) -> tuple[str, str] | None:
        """The addresses that DHCP gives out, first and last."""
        if self.dhcp is None:
            return None
        subnet = ipaddress.IPv4Network(self.subnet)
        return self.dhcp[0] or str(subnet[2]), self.dhcp[1] or str(subnet[-2])

    def validate(self) -> None:
        try:
            subnet = ipaddress.IPv4Network(self.subnet)
        except ValueError as error:
            raise self.wrong(
                "subnet",
                f"{self.subnet!r} is no IPv4 subnet ({error})",
                hint="Write it as 192.168.130.0/24.",
            ) from error
        if subnet.prefixlen > 29:
            raise self.wrong("subnet", f"{self.subnet} has no room for guests")
        if self.mode not in FORWARD_MODES:
            raise self.wrong("mode", f"{self.mode!r} is not one of {', '.join(FORWARD_MODES)}")
        if self.domain and not _DOMAIN.match(self.domain):
            raise self.wrong("domain", f"{self.domain!r} is no DNS domain in lower case")
        # IFNAMSIZ is 16 with the zero at its end.
        if self.bridge and not re.fullmatch(r"[a-zA-Z0-9_.-]{1,15}", self.bridge):
            raise self.wrong("bridge", f"{self.bridge!r} is no interface name (15 characters)")
        limits = self.range()
        if limits is not None:
            self._validate_range(subnet, limits)
        self._validate_reservations(subnet)

    def _validate_reservations(self, subnet: ipaddress.IPv4Network) -> None:
        if self.reservations and self.dhcp is None:
            raise self.wrong("reservations", "nobody gives out addresses (dhcp is None)")
        for index, one in enumerate(self.reservations):
            field = f"reservations[{index}]"
            if not _MAC.match(one.mac):
                raise self.wrong(f"{field}.mac", f"{one.mac!r} is no MAC address in lower case")
            try:
                inside = ipaddress.IPv4Address(one.address) in subnet
            except ValueError as error:
                raise self.wrong(f"{field}.address", f"{error}") from error
            if not inside or one.address == self.gateway:
                raise self.wrong(f"{field}.address", f"{one.address} is none of the guests'")
            if one.hostname and not _DOMAIN.match(one.hostname):
                raise self.wrong(f"{field}.hostname", f"{one.hostname!r} is no name in lower case")
        for what in ("mac", "address"):
            values = [getattr(one, what) for one in self.reservations]
            if len(set(values)) < len(values):
                raise self.wrong("reservations", f"the same {what} is there twice")

    def _validate_range(self, subnet: ipaddress.IPv4Network, limits: tuple[str, str]) -> None:
        try:
            first, last = (ipaddress.IPv4Address(limit) for limit in limits)
        except ValueError as error:
            raise self.wrong("dhcp", f"{error}") from error
        if first not in subnet or last not in subnet or first > last:
            raise self.wrong("dhcp", f"{first} to {last} is no range inside {subnet}")
        if first <= ipaddress.IPv4Address(self.gateway) <= last:
            raise self.wrong("dhcp", f"{first} to {last} contains the bench's own {self.gateway}")


class Pool(Resource, frozen=True, kw_only=True, tag="pool"):
    """A storage pool of type dir, in the folder `path`, running.

    Example::

        Pool("lab-pool")
    """

    autostart: bool = False

    name_pattern: ClassVar[re.Pattern[str]] = _VM_NAME

    @property
    def path(self) -> str:
        return f"/var/lib/libvirt/pools/{self.name}"


class Disk(Resource, frozen=True, kw_only=True, tag="disk"):
    """A volume, whose name is the file's name in the pool's folder.

    Args:
        pool: the name of a Pool of the same step.
        size: its capacity in MiB; 0 takes that of `backing`.
        format: `qcow2` or `raw`.
        backing: the name of another Disk, of which this one holds only the differences.
        filesystem: made on the whole disk, with `label`; empty leaves it blank.
        files: texts by path in that file system, such as `etc/motd`.

    Example::

        Disk("data", pool="lab-pool", size=64, filesystem="ext4", files={"notes.txt": "hello"})
    """

    pool: str
    size: int = 0
    format: str = "qcow2"
    backing: str = ""
    filesystem: str = ""
    label: str = ""
    files: dict[str, str] = msgspec.field(default_factory=dict)

    def needs(self) -> tuple[Need, ...]:
        pool = Need(f"pool/{self.pool}", "running")
        return (pool, Need(f"disk/{self.backing}")) if self.backing else (pool,)

    def final_stage(self) -> Stage:
        return "created"

    def validate(self) -> None:
        if self.format not in DISK_FORMATS:
            raise self.wrong("format", f"{self.format!r} is not one of {', '.join(DISK_FORMATS)}")
        if not (1 <= self.size <= 1 << 20 or (self.size == 0 and self.backing)):
            raise self.wrong("size", f"{self.size} MiB is not 1 to {1 << 20}")
        if self.backing and self.format != "qcow2":
            raise self.wrong("backing", "only a qcow2 disk can have one")
        if self.backing == self.name:
            raise self.wrong("backing", "a disk cannot be based on itself")
        if self.filesystem not in FILESYSTEMS:
            raise self.wrong("filesystem", f"{self.filesystem!r} is not ext2 or ext4")
        if self.filesystem and self.backing:
            raise self.wrong("filesystem", "a disk with a backing file has the one of that")
        if (self.files or self.label) and not self.filesystem:
            raise self.wrong("files" if self.files else "label", "needs a filesystem")
        # An ext file system has 16 bytes for it (mke2fs(8)).
        if not re.fullmatch(r"[A-Za-z0-9_.-]{0,16}", self.label):
            raise self.wrong("label", f"{self.label!r} is longer than 16 plain characters")
        for path in self.files:
            if any(part in ("", ".", "..") for part in path.split("/")):
                raise self.wrong("files", f"{path!r} is not a plain relative path")


class Snapshot(Resource, frozen=True, kw_only=True, tag="snapshot"):
    """A snapshot of a VM: its disks and, if it runs, its memory. All its disks must be qcow2.

    `then` is a shell script that runs in the guest after the snapshot was taken; it must exit 0.

    Example::

        Snapshot("before", vm="alpha", then="rm /etc/hosts")
    """

    vm: str
    then: str = ""

    def needs(self) -> tuple[Need, ...]:
        return (Need(f"vm/{self.vm}", "answers" if self.then else "running"),)

    def final_stage(self) -> Stage:
        return "created"
