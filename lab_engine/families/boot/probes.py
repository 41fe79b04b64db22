"""Questions about what a learner's own system does when a machine starts it. Topic: file."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import msgspec

from lab_engine.common.probe import Probe, Reading

SECONDS_LIMIT: Final = 45.0
"""For all starts of one probe; a check has 60 s. Emulated, a start takes 3 to 9 s here."""
MEMORY_LIMIT: Final = 512
ARGUMENTS: Final = "console=ttyS0 quiet panic=-1 cryptomgr.notests mitigations=off no_timer_check"
"""The kernel's. An emulated timer that comes late, on a busy machine, is a panic unless it is not
checked; the self-tests of the crypto code cost a fifth of an emulated boot."""
WORD: Final = "@WORD@"
"""Stands in what is typed for a word that is drawn anew for each answer."""


class Boot(msgspec.Struct, frozen=True):
    """One start: once `after` was seen on the serial line, `types` is typed there, line by line.

    Each line waits for the shell to be through with the one before. The start ends when the machine
    ends, when all was typed and done and `until` was seen, or when the time is up.
    """

    after: str = ""
    types: tuple[str, ...] = ()
    until: str = ""


class Booted(msgspec.Struct, frozen=True):
    """What was on the serial line, and how it ended.

    That is by the machine `itself`, since `until` was `seen`, or `late`, when the time was up.
    """

    text: str = ""
    ended: Literal["itself", "seen", "late"] = "itself"


class BootReading(Reading, frozen=True):
    """Each start in turn. `why` says why there was none; `size` is the initramfs's, in bytes.

    `kind` is how the initramfs begins: `cpio`, `gzip`, `xz`, `zstd`, or empty for anything else.
    """

    exists: bool = True
    why: str = ""
    size: int = 0
    kind: str = ""
    word: str = ""
    boots: tuple[Booted, ...] = ()


class BootProbe(Probe[BootReading], frozen=True, tag="boot"):
    """Starts a machine from copies of a learner's files, as often as there are `boots`.

    A machine of `memory` MiB without network, and with one serial port. `kernel` is a file; empty
    for that of the bench's small guest. `disk` is the size in MiB of an empty ext4 filesystem on
    its virtio disk, which all starts share; 0 for no disk. All starts together have `seconds`.

    The same files give the same answer, so one that ended is kept for as long as they stay.

    Example::

        BootProbe("/home/learner/work/os.img", boots=(Boot(until="Hello from init"),))
        reading.boots[0].ended == "seen"
    """

    initramfs: str
    kernel: str = ""
    append: str = ARGUMENTS
    memory: int = 192
    disk: int = 0
    boots: tuple[Boot, ...] = (Boot(),)
    seconds: float = SECONDS_LIMIT

    reading: ClassVar[type[msgspec.Struct]] = BootReading

    def topics(self) -> frozenset[str]:
        return frozenset({"file"})
