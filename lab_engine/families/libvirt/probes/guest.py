"""Questions about what is in a VM, put to its guest agent.

Changes inside a guest announce nothing and are found by the poll; its coming and going is told as
`libvirt:domain`.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading
from lab_engine.families.libvirt.probes.domain import DOMAIN_TOPICS


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
