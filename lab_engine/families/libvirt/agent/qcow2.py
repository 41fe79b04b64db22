"""Reads the header of a qcow2 file, for what libvirt remembers only until it looks again.

Source: docs/interop/qcow2.rst of QEMU, "Header" and "Snapshots".
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAGIC: Final = b"QFI\xfb"
_HEADER: Final = struct.Struct(">4sIQIIQ")
_SNAPSHOTS: Final = struct.Struct(">IQ")
_SNAPSHOTS_AT: Final = 60
_SNAPSHOT: Final = struct.Struct(">QIHHIIQII")
_MOST_SNAPSHOTS: Final = 65536
"""The format's own limit."""
# The format's own limit for a backing file's name.
_LONGEST_NAME: Final = 1023


@dataclass(frozen=True, slots=True)
class Header:
    """`capacity` is in bytes; `backing` is as written there, empty without a backing file."""

    capacity: int
    backing: str


def snapshots(path: str | Path) -> tuple[str, ...]:
    """The names of the snapshots in the file, whoever made them; none when it is no qcow2 file."""
    names = []
    try:
        with Path(path).open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                return ()
            file.seek(_SNAPSHOTS_AT)
            count, offset = _SNAPSHOTS.unpack(file.read(_SNAPSHOTS.size))
            for _ in range(min(count, _MOST_SNAPSHOTS)):
                file.seek(offset)
                entry = _SNAPSHOT.unpack(file.read(_SNAPSHOT.size))
                its_id, its_name, extra = entry[2], entry[3], entry[8]
                file.seek(extra + its_id, os.SEEK_CUR)
                names.append(file.read(its_name).decode(errors="replace"))
                # Each entry begins at a multiple of eight bytes.
                offset += (_SNAPSHOT.size + extra + its_id + its_name + 7) & ~7
    except (OSError, struct.error):
        # QEMU writes to it at this moment, or it is damaged: what was read so far.
        return tuple(names)
    return tuple(names)


def read(path: str | Path) -> Header | None:
    """The header, or None when the file is no qcow2 file or cannot be read."""
    try:
        with Path(path).open("rb") as file:
            start = file.read(_HEADER.size)
            if len(start) < _HEADER.size or not start.startswith(MAGIC):
                return None
            _, _, offset, length, _, capacity = _HEADER.unpack(start)
            file.seek(offset)
            name = file.read(min(length, _LONGEST_NAME)) if offset else b""
    except OSError:
        return None
    return Header(capacity, name.decode(errors="replace"))
