"""Reads the header of a qcow2 file, for what libvirt remembers only until it looks again.

Source: docs/interop/qcow2.rst of QEMU, "Header".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAGIC: Final = b"QFI\xfb"
_HEADER: Final = struct.Struct(">4sIQIIQ")
# The format's own limit for a backing file's name.
_LONGEST_NAME: Final = 1023


@dataclass(frozen=True, slots=True)
class Header:
    """`capacity` is in bytes; `backing` is as written there, empty without a backing file."""

    capacity: int
    backing: str


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
