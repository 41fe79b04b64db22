"""The header of libvirt's save files, rewritten so that one saved state serves many VMs.

`virDomainRestoreFlags` refuses an XML whose UUID is another, so a state that was saved as one VM is
given its new identity in the file itself. The layout is that of `virQEMUSaveHeader` in
libvirt's src/qemu/qemu_saveimage.h, version 2: sixteen bytes of magic, nineteen numbers, then the
domain's XML, a cookie, padding up to `data_len`, and QEMU's own stream.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab_engine.errors import ProviderError

MAGIC: Final = b"LibvirtQemudSave"
VERSION: Final = 2
_HEADER: Final = struct.Struct("<16s5I14I")
# libvirt 11.3 has QEMU's stream begin at a multiple of this, and counts the padding in `data_len`
# (measured).
_PADDED_TO: Final = 64 << 10
# A domain's XML is some KiB. A broken length must not make this read a guest's whole memory.
_MOST_DATA: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class SaveHeader:
    """What stands before QEMU's stream.

    `numbers` are the header's fields after the magic: version, data length, whether it ran,
    compression, cookie's offset, and fourteen unused ones.
    """

    numbers: tuple[int, ...]
    xml: str
    cookie: str

    @classmethod
    def parse(cls, head: bytes, data: bytes) -> SaveHeader:
        """Read the header and the `data_len` bytes after it.

        Raises:
            ValueError: this is not a complete save file of a version that is known here.
        """
        numbers = lengths(head)
        _, data_length, _, _, cookie_offset, *_ = numbers
        if len(data) != data_length or not cookie_offset <= data_length:
            raise ValueError("the save file ends before its own header says")
        end = cookie_offset or data_length
        return cls(
            numbers,
            data[:end].rstrip(b"\0").decode(),
            data[cookie_offset:].rstrip(b"\0").decode() if cookie_offset else "",
        )

    def with_xml(self, xml: str) -> SaveHeader:
        """The header for another domain; the cookie follows its name and UUID."""
        cookie = self.cookie
        for element in ("uuid", "name"):
            there = re.compile(rf"<{element}>.*?</{element}>")
            new, old = there.search(xml), there.search(cookie)
            if new is not None and old is not None:
                cookie = cookie[: old.start()] + new[0] + cookie[old.end() :]
        return SaveHeader(self.numbers, xml, cookie)

    def pack(self) -> bytes:
        """The bytes that stand before QEMU's stream, which starts where it did if there is room."""
        data = self.xml.encode() + b"\0"
        cookie_offset = len(data) if self.cookie else 0
        if self.cookie:
            data += self.cookie.encode() + b"\0"
        room = self.numbers[1]
        if len(data) > room:
            room = -(-(_HEADER.size + len(data)) // _PADDED_TO) * _PADDED_TO - _HEADER.size
        data = data.ljust(room, b"\0")
        version, _, ran, compression, _, *unused = self.numbers
        return _HEADER.pack(MAGIC, version, room, ran, compression, cookie_offset, *unused) + data


def lengths(head: bytes) -> tuple[int, ...]:
    """The numbers of a save file's first bytes. Raises ValueError for anything else."""
    if len(head) < _HEADER.size:
        raise ValueError("the file is shorter than the header of a save file")
    magic, *numbers = _HEADER.unpack_from(head)
    if magic != MAGIC:
        raise ValueError("the file is no complete save file of libvirt")
    if numbers[0] != VERSION:
        raise ValueError(f"the save file has version {numbers[0]}, and {VERSION} is known here")
    if not 0 < numbers[1] <= _MOST_DATA:
        raise ValueError(f"the save file's header is {numbers[1]} bytes long")
    return tuple(numbers)


def clone(source: Path, target: Path, edit: Callable[[str], str]) -> None:
    """Copy a save file, with the domain's XML replaced by `edit(xml)`.

    Raises:
        ProviderError: `source` is not a save file that can be rewritten, or there is no room.
    """
    try:
        # Without buffers of Python's: sendfile reads and writes past them.
        with source.open("rb", buffering=0) as old, target.open("wb", buffering=0) as new:
            head = old.read(_HEADER.size)
            data = old.read(lengths(head)[1])
            header = SaveHeader.parse(head, data)
            new.write(header.with_xml(edit(header.xml)).pack())
            offset = _HEADER.size + len(data)
            left = os.fstat(old.fileno()).st_size - offset
            while left > 0:
                # One call moves at most 2 GiB (sendfile(2)).
                sent = os.sendfile(new.fileno(), old.fileno(), offset, left)
                if sent == 0:
                    raise ValueError("the save file became shorter while it was read")
                offset += sent
                left -= sent
    except (OSError, ValueError) as error:
        target.unlink(missing_ok=True)
        raise ProviderError(f"{source} cannot be used as a saved state: {error}") from error
