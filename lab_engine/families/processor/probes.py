"""Questions about the processor. No event tells of a change: there is none."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading


class HypervisorReading(Reading, frozen=True):
    """What runs below the bench's kernel.

    `flag` is the processor's bit for it, `signature` the twelve letters of the hypervisor, empty
    where there are none or the processor cannot be asked. `words` are what it may be called, in the
    vocabulary of systemd-detect-virt(1); `none` stands for hardware.
    """

    flag: bool = False
    signature: str = ""
    words: tuple[str, ...] = ("none",)


class HypervisorProbe(Probe[HypervisorReading], frozen=True, tag="hypervisor"):
    """The hypervisor below the bench, asked of the processor itself.

    Example::

        HypervisorProbe()
        reading.flag or reading.words == ("none",) or reading.signature == ""
    """

    reading: ClassVar[type[msgspec.Struct]] = HypervisorReading

    def topics(self) -> frozenset[str]:
        return frozenset()
