"""Loop devices: which of the host's are this bench's, and their end (loop(4)).

They are the host's: one stays attached when its bench is killed. So a bench has a block of numbers
that is its alone, noted on its state volume, from which `infralab gc` takes them back.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

CLR_FD: Final = 0x4C01
STATE: Final = Path("/var/lib/infralab")
LIST: Final = "loops"
"""The file on a state volume with the bench's numbers, one a line; `inside/nodes.py` writes it."""


class Loop(msgspec.Struct, frozen=True):
    """A loop device that has a file: its name in /dev, and the path of the file at that time."""

    name: str
    path: str


def numbers(folder: Path) -> list[int]:
    """The numbers that a state volume notes; none when nothing is noted."""
    try:
        words = (folder / LIST).read_text().split()
    except OSError:
        return []
    return [int(word) for word in words if word.isdecimal()]


def attached(among: Iterable[int]) -> Iterator[Loop]:
    """Those of the numbers that have a file."""
    for number in among:
        try:
            # The entry is there only as long as the device has a file.
            path = Path(f"/sys/block/loop{number}/loop/backing_file").read_text().strip()
        except OSError:
            continue
        yield Loop(f"loop{number}", path)


def of_this_bench() -> list[Loop]:
    """The bench's own that have a file; others are the host's or another bench's."""
    return list(attached(numbers(STATE)))


def detach(name: str) -> None:
    """Take the file from a loop device; one that has none is left as it is. Raises OSError."""
    try:
        descriptor = os.open(f"/dev/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        fcntl.ioctl(descriptor, CLR_FD)
    except OSError as error:
        # ENXIO: it has no file (loop(4)).
        if error.errno != errno.ENXIO:
            raise
    finally:
        os.close(descriptor)
