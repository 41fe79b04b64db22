"""What kind of filesystem lies on a device, from its own first bytes.

A kernel mounts ext2 as ext4 and says ext4; the superblock says what was made. The kinds of ext are
told apart as libblkid does (util-linux, libblkid/src/superblocks/ext.c): by the features that each
of them knows. Fields as in Documentation/filesystems/ext4/super.rst.
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec

NEEDED: Final = 0x10000 + 0x100
"""So many bytes from the beginning are looked at: btrfs has its superblock at 64 KiB."""
_EXT: Final = 1024
_EXT_MAGIC: Final = 0xEF53
_HAS_JOURNAL: Final = 0x4
_EXT2_RO: Final = 0x1 | 0x2 | 0x4
_EXT2_INCOMPAT: Final = 0x2 | 0x10
_EXT3_INCOMPAT: Final = _EXT2_INCOMPAT | 0x4
_64BIT: Final = 0x80
_MARKS: Final = (
    (0, b"XFSB", "xfs"),
    (0, b"hsqs", "squashfs"),
    (0, b"LUKS\xba\xbe", "luks"),
    (0x52, b"FAT32", "vfat"),
    (0x36, b"FAT1", "vfat"),
    (3, b"NTFS", "ntfs"),
    (0xFF6, b"SWAPSPACE2", "swap"),
    (0x8001, b"CD001", "iso9660"),
    (0x10040, b"_BHRfS_M", "btrfs"),
    (0, b"QFI\xfb", "qcow2"),
)
"""Where each kind has its mark (libblkid)."""


class Superblock(msgspec.Struct, frozen=True):
    """`kind` is empty for what is none of these; `size` in bytes, 0 where it is not told."""

    kind: str = ""
    size: int = 0
    label: str = ""


def read(begin: bytes) -> Superblock:
    """What the first bytes of a device say."""
    ext = begin[_EXT : _EXT + 1024]
    if len(ext) == 1024 and struct.unpack_from("<H", ext, 56)[0] == _EXT_MAGIC:
        return _ext(ext)
    for offset, mark, kind in _MARKS:
        if begin[offset : offset + len(mark)] == mark:
            return Superblock(kind, _size(kind, begin))
    return Superblock()


def _ext(ext: bytes) -> Superblock:
    low, log, high = (struct.unpack_from("<I", ext, at)[0] for at in (4, 24, 0x150))
    compat, incompat, ro = struct.unpack_from("<3I", ext, 92)
    journal = bool(compat & _HAS_JOURNAL)
    if incompat & ~_EXT3_INCOMPAT or ro & ~_EXT2_RO:
        kind = "ext4"
    else:
        kind = "ext3" if journal else "ext2"
    blocks = low | (high << 32 if incompat & _64BIT else 0)
    label = ext[120:136].rstrip(b"\0").decode(errors="replace")
    return Superblock(kind, blocks * (1024 << log), label)


def _size(kind: str, begin: bytes) -> int:
    if kind == "xfs":
        block, blocks = struct.unpack_from(">IQ", begin, 4)
        return int(block) * int(blocks)
    if kind == "btrfs":
        return int(struct.unpack_from("<Q", begin, 0x10070)[0])
    return 0
