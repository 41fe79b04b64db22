"""Questions about the bench's libvirt: VMs, networks, pools, volumes, and what is in guests.

Memory is in MiB, disk sizes in bytes, times in seconds since 1970. A field that begins with
`config_` is about the definition, that is, about the next start; the others are about now. Event
topics: `libvirt:domain`, `libvirt:network`, `libvirt:pool`; changes inside a guest announce nothing
and are found by the poll.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.happening import HappeningsReading
from lab_engine.common.probe import Probe, Reading

DOMAIN_TOPICS = frozenset({"libvirt:domain"})


class DomainDisk(msgspec.Struct, frozen=True):
    """A disk of a VM. `source` is a path in the bench, `pool` and `volume` are set if it is one.

    However the disk was named, `file` is the device and inode number of what it is, links resolved:
    two with the same are the same. Empty for none, and for what is gone.
    """

    target: str
    source: str = ""
    format: str = ""
    bus: str = ""
    capacity: int = 0
    device: str = "disk"
    read_only: bool = False
    pool: str = ""
    volume: str = ""
    file: str = ""


class DomainInterface(msgspec.Struct, frozen=True):
    """A network card of a VM. `device` is the tap interface in the bench, while it runs."""

    mac: str
    network: str = ""
    model: str = ""
    device: str = ""
    bridge: str = ""


class DomainSnapshot(msgspec.Struct, frozen=True):
    """`state` is what the VM was when it was taken: `running`, `shutoff` and so on."""

    name: str
    state: str
    created: int
    parent: str = ""
    current: bool = False


class DomainReading(Reading, frozen=True):
    """One VM.

    `state` is `running`, `paused`, `shut`, `crashed`, `suspended` or `unknown`. `persistent`: it is
    defined, so it is still there after a stop. Memory is told in whole MiB, and in KiB in the
    fields that end so: half a MiB too much shows there alone. `id` and `started` change with each
    start of its QEMU, a revert to a snapshot included; 0 while it is off. `type` is `kvm` or `qemu`
    (emulated).
    """

    exists: bool = True
    state: str = ""
    uuid: str = ""
    type: str = ""
    persistent: bool = False
    autostart: bool = False
    id: int = 0
    started: float = 0.0
    memory: int = 0
    memory_max: int = 0
    vcpus: int = 0
    vcpus_max: int = 0
    disks: tuple[DomainDisk, ...] = ()
    interfaces: tuple[DomainInterface, ...] = ()
    config_memory: int = 0
    config_memory_max: int = 0
    memory_kib: int = 0
    memory_max_kib: int = 0
    config_memory_kib: int = 0
    config_memory_max_kib: int = 0
    config_vcpus: int = 0
    config_vcpus_max: int = 0
    config_disks: tuple[DomainDisk, ...] = ()
    config_interfaces: tuple[DomainInterface, ...] = ()
    snapshots: tuple[DomainSnapshot, ...] = ()
    managed_save: bool = False
    kernel: str = ""
    initrd: str = ""
    config_kernel: str = ""
    config_initrd: str = ""
    agent: bool = False
    """Whether the guest agent has its end of the channel open."""

    @property
    def running(self) -> bool:
        return self.state == "running"

    def disk(self, target: str) -> DomainDisk | None:
        """The disk that the VM has now as `target`, such as `vdb`."""
        return next((disk for disk in self.disks if disk.target == target), None)

    def snapshot(self, name: str) -> DomainSnapshot | None:
        return next((one for one in self.snapshots if one.name == name), None)


class DomainProbe(Probe[DomainReading], frozen=True, tag="domain"):
    """A VM by its name, as in `virsh dominfo`.

    Example::

        DomainProbe("alpha")
        reading.running and reading.memory == 192 and reading.disk("vdb") is not None
    """

    domain: str

    reading: ClassVar[type[msgspec.Struct]] = DomainReading

    def topics(self) -> frozenset[str]:
        return DOMAIN_TOPICS


class DomainListReading(Reading, frozen=True):
    """The names of all VMs, running or not, sorted."""

    names: tuple[str, ...] = ()
    running: tuple[str, ...] = ()


class DomainListProbe(Probe[DomainListReading], frozen=True, tag="domain-list"):
    """All VMs, as in `virsh list --all`.

    Example::

        DomainListProbe()
        "alpha" in reading.running
    """

    reading: ClassVar[type[msgspec.Struct]] = DomainListReading

    def topics(self) -> frozenset[str]:
        return DOMAIN_TOPICS


class Lease(msgspec.Struct, frozen=True):
    """An address that DHCP gave out. `expires` is 0 for one without end."""

    address: str
    mac: str
    hostname: str = ""
    expires: int = 0


class VirtualNetworkReading(Reading, frozen=True):
    """One network of libvirt. `mode` is `nat`, `isolated`, `route`, `open` and so on."""

    exists: bool = True
    active: bool = False
    persistent: bool = False
    autostart: bool = False
    uuid: str = ""
    mode: str = ""
    bridge: str = ""
    address: str = ""
    """The bench's own, as `192.168.130.1/24`."""
    dhcp: tuple[str, str] | None = None
    domain: str = ""
    leases: tuple[Lease, ...] = ()


class VirtualNetworkProbe(Probe[VirtualNetworkReading], frozen=True, tag="virtual-network"):
    """A virtual network by its name, as in `virsh net-dumpxml` and `virsh net-dhcp-leases`.

    Example::

        VirtualNetworkProbe("lab-net")
        reading.active and any(lease.hostname == "alpha" for lease in reading.leases)
    """

    network: str

    reading: ClassVar[type[msgspec.Struct]] = VirtualNetworkReading

    def topics(self) -> frozenset[str]:
        return frozenset({"libvirt:network"})


class PoolReading(Reading, frozen=True):
    """One storage pool; sizes in bytes."""

    drifts: ClassVar[frozenset[str]] = frozenset({"available"})

    exists: bool = True
    active: bool = False
    persistent: bool = False
    autostart: bool = False
    type: str = ""
    path: str = ""
    volumes: tuple[str, ...] = ()
    capacity: int = 0
    available: int = 0


class PoolProbe(Probe[PoolReading], frozen=True, tag="pool"):
    """A storage pool by its name, as in `virsh pool-info`.

    Example::

        PoolProbe("lab-pool")
        reading.active and "data" in reading.volumes
    """

    pool: str

    reading: ClassVar[type[msgspec.Struct]] = PoolReading

    def topics(self) -> frozenset[str]:
        return frozenset({"libvirt:pool"})


class DiskReading(Reading, frozen=True):
    """One volume; sizes in bytes. `backing` is the path of its backing file, if any.

    `file` is as in DomainDisk.
    """

    exists: bool = True
    path: str = ""
    format: str = ""
    capacity: int = 0
    allocation: int = 0
    backing: str = ""
    file: str = ""


class DiskProbe(Probe[DiskReading], frozen=True, tag="disk"):
    """A volume by pool and name, as in `virsh vol-info`. The pool is looked through again first.

    Example::

        DiskProbe("lab-pool", "data")
        reading.format == "qcow2" and reading.capacity == 64 << 20
    """

    pool: str
    volume: str

    reading: ClassVar[type[msgspec.Struct]] = DiskReading

    def topics(self) -> frozenset[str]:
        return frozenset({"libvirt:pool"})


class GuestCommandReading(Reading, frozen=True):
    """A command's end in a guest. `ran` is false when the guest does not answer or refuses it.

    `why` then says why. Texts are cut at 64 KiB. `at` is when it ended by the bench's clock.
    """

    drifts: ClassVar[frozenset[str]] = frozenset({"at"})

    ran: bool = True
    code: int = -1
    out: str = ""
    err: str = ""
    why: str = ""
    at: float = 0.0

    @property
    def ok(self) -> bool:
        return self.ran and self.code == 0


class GuestCommandProbe(Probe[GuestCommandReading], frozen=True, tag="guest-command"):
    """Run a command as root in a VM through its guest agent. It must change nothing there.

    `seconds` is how long it may take.

    Example::

        GuestCommandProbe("alpha", ("cat", "/proc/loadavg"))
        reading.ok and reading.out != ""
    """

    domain: str
    command: tuple[str, ...]
    seconds: float = 10.0

    reading: ClassVar[type[msgspec.Struct]] = GuestCommandReading

    def topics(self) -> frozenset[str]:
        return DOMAIN_TOPICS


class GuestFileReading(Reading, frozen=True):
    """A file in a guest. When `answers` is false the guest agent does not, and nothing is known."""

    exists: bool = True
    answers: bool = True
    text: str = ""


class GuestFileProbe(Probe[GuestFileReading], frozen=True, tag="guest-file"):
    """The beginning (64 KiB) of a file in a VM, read through its guest agent.

    Example::

        GuestFileProbe("alpha", "/etc/hostname")
        reading.answers and reading.text.strip() == "alpha"
    """

    domain: str
    path: str

    reading: ClassVar[type[msgspec.Struct]] = GuestFileReading

    def topics(self) -> frozenset[str]:
        return DOMAIN_TOPICS


class GuestCard(msgspec.Struct, frozen=True):
    """A network card as the guest sees it; `addresses` as `10.0.0.2/24`."""

    name: str
    mac: str
    addresses: tuple[str, ...] = ()


class GuestInterfacesReading(Reading, frozen=True):
    """The guest's cards, without lo. `answers` as in GuestFileReading."""

    answers: bool = True
    cards: tuple[GuestCard, ...] = ()


class GuestInterfacesProbe(Probe[GuestInterfacesReading], frozen=True, tag="guest-interfaces"):
    """Cards and addresses inside a VM, asked of its guest agent.

    Example::

        GuestInterfacesProbe("alpha")
        reading.answers and any(card.addresses for card in reading.cards)
    """

    domain: str

    reading: ClassVar[type[msgspec.Struct]] = GuestInterfacesReading

    def topics(self) -> frozenset[str]:
        return DOMAIN_TOPICS


class AcceleratorReading(Reading, frozen=True):
    """`accelerator` is `kvm` or `tcg`; `reason` a sentence; `device` whether /dev/kvm exists."""

    accelerator: str
    reason: str
    device: bool


class AcceleratorProbe(Probe[AcceleratorReading], frozen=True, tag="accelerator"):
    """Whether KVM really runs guests in this bench, found out by running one for a moment.

    Example::

        AcceleratorProbe()
        reading.accelerator in ("kvm", "tcg")
    """

    reading: ClassVar[type[msgspec.Struct]] = AcceleratorReading


class DomainEventsProbe(Probe[HappeningsReading], frozen=True, tag="domain-events"):
    """What libvirt told of one VM: started, stopped, suspended, resumed, defined, rebooted, ...

    The fact `why` says more, as in `virsh event`: `booted`, `from_snapshot`, `destroyed`, ...
    What happened to the same VM under another name counts too.

    Example::

        DomainEventsProbe("alpha")
        any(one.facts.get("why") == "from_snapshot" for one in reading.happenings)
    """

    domain: str

    reading: ClassVar[type[msgspec.Struct]] = HappeningsReading

    def topics(self) -> frozenset[str]:
        return DOMAIN_TOPICS


class GuestMountReading(Reading, frozen=True):
    """What is mounted on top at a path in a guest, and what its superblock says that it is.

    `kind` and `size` (in bytes) are read from the device itself: an ext2 that is mounted as ext4
    is ext2. They are empty and 0 for what is on no device, such as tmpfs. `answers` as in
    GuestFileReading.
    """

    exists: bool = True
    answers: bool = True
    fstype: str = ""
    source: str = ""
    options: tuple[str, ...] = ()
    kind: str = ""
    size: int = 0

    @property
    def read_only(self) -> bool:
        return "ro" in self.options


class GuestMountProbe(Probe[GuestMountReading], frozen=True, tag="guest-mount"):
    """The topmost mount at exactly `target` in a VM, through its guest agent.

    Example::

        GuestMountProbe("alpha", "/data")
        reading.kind == "ext4" and not reading.read_only
    """

    domain: str
    target: str

    reading: ClassVar[type[msgspec.Struct]] = GuestMountReading

    def topics(self) -> frozenset[str]:
        return DOMAIN_TOPICS
