"""What keeps a file from being changed or removed, also by root: `chattr +i` and `+a`.

See statx(2) for reading, ioctl_iflags(2) for setting. Raises OSError.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

IMMUTABLE: Final = 0x10
APPEND_ONLY: Final = 0x20
"""The same bits in statx(2) and in ioctl_iflags(2)."""
_GET: Final = 0x80086601
_SET: Final = 0x40086602
_INT: Final = struct.Struct("i")
_AT_FDCWD: Final = -100
_NOFOLLOW: Final = 0x100
_ATTRIBUTES: Final = struct.Struct("=8xQ")
_SIZE: Final = 256
_UNSUPPORTED: Final = (errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL)

_libc = ctypes.CDLL(None, use_errno=True)


def of(path: str) -> int:
    """The bits that are set; 0 where the file system has none such, and for what is gone."""
    buffer = ctypes.create_string_buffer(_SIZE)
    if _libc.statx(_AT_FDCWD, os.fsencode(path), _NOFOLLOW, 0, buffer) != 0:
        return 0
    (attributes,) = _ATTRIBUTES.unpack_from(buffer.raw)
    bits: int = attributes & (IMMUTABLE | APPEND_ONLY)
    return bits


def put(path: str, bits: int) -> None:
    """Have exactly these of the two bits set."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        (flags,) = _INT.unpack(fcntl.ioctl(descriptor, _GET, bytes(_INT.size)))
        fcntl.ioctl(descriptor, _SET, _INT.pack(flags & ~(IMMUTABLE | APPEND_ONLY) | bits))
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    finally:
        os.close(descriptor)


def take_off(path: str) -> bool:
    """Unset both, there and on everything below. Returns whether there was anything to unset."""
    found = [one for one in (path, *_below(path)) if of(one)]
    for one in found:
        put(one, 0)
    return bool(found)


def _below(path: str) -> Iterator[str]:
    if not Path(path).is_symlink():
        for where, folders, files in os.walk(path):
            yield from (f"{where}/{name}" for name in (*folders, *files))
