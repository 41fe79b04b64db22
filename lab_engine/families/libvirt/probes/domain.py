"""Questions about VMs, and about what runs them.

Memory is in MiB, disk sizes in bytes, times in seconds since 1970. A field that begins with
`config_` is about the definition, that is, about the next start; the others are about now. Event
topic: `libvirt:domain`.
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
    agent_channel: bool = False
    """Whether it has a channel for a guest agent, as the lessons' own machines have."""
    agent: bool = False
    """Whether the guest agent has its end of that channel open."""

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
