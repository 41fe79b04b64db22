"""Being told by the kernel: inotify(7) for folders, fanotify(7) for programs that are started.

Both give file descriptors to be polled. Calls raise OSError with the errno of the kernel.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

IN_CLOSE_WRITE: Final = 0x8
IN_ATTRIB: Final = 0x4
IN_MOVED: Final = 0xC0
IN_CREATE: Final = 0x100
IN_DELETE: Final = 0x200
IN_Q_OVERFLOW: Final = 0x4000
IN_IGNORED: Final = 0x8000
IN_ISDIR: Final = 0x40000000
CHANGES: Final = IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED | IN_CREATE | IN_DELETE

FAN_CLASS_NOTIF: Final = 0
FAN_CLOEXEC: Final = 0x1
FAN_NONBLOCK: Final = 0x2
FAN_OPEN_EXEC: Final = 0x1000
FAN_Q_OVERFLOW: Final = 0x4000
FAN_MARK_ADD: Final = 0x1
FAN_MARK_FILESYSTEM: Final = 0x100
AT_FDCWD: Final = -100

_libc = ctypes.CDLL(None, use_errno=True)
_EVENT: Final = struct.Struct("iIII")
_FAN_EVENT: Final = struct.Struct("IBBHQii")
BUFFER: Final = 64 * 1024


def _checked(result: int, path: str = "") -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), path or None)
    return result


class Folders:
    """Watches folders for changes of what lies directly in them."""

    def __init__(self) -> None:
        self.fd = _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._paths: dict[int, Path] = {}

    def add(self, folder: Path) -> None:
        """Watch a folder too. One that is not there, or is gone again, is left out."""
        watch = _libc.inotify_add_watch(self.fd, os.fsencode(folder), CHANGES)
        if watch >= 0:
            self._paths[watch] = folder

    def __len__(self) -> int:
        return len(self._paths)

    def read(self) -> Iterator[tuple[Path | None, int]]:
        """Paths with what happened to them (a mask); path None when events were lost."""
        try:
            data = os.read(self.fd, BUFFER)
        except BlockingIOError:
            return
        place = 0
        while place < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, place)
            place += _EVENT.size
            # The kernel pads a name with zeros (inotify(7)).
            name = data[place : place + length].rstrip(b"\0")
            place += length
            if mask & IN_Q_OVERFLOW:
                yield None, mask
            elif mask & IN_IGNORED:
                # The folder is gone, and the kernel took its watch off.
                self._paths.pop(watch, None)
            elif watch in self._paths:
                yield self._paths[watch] / os.fsdecode(name), mask

    def close(self) -> None:
        os.close(self.fd)


class Programs:
    """Watches filesystems for files that are executed. Needs CAP_SYS_ADMIN."""

    def __init__(self) -> None:
        flags = FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK
        self.fd = _checked(_libc.fanotify_init(flags, os.O_RDONLY | os.O_CLOEXEC))

    def add(self, path: str) -> None:
        """Watch the whole filesystem that `path` lies on, whatever mount it is reached by."""
        _checked(
            _libc.fanotify_mark(
                self.fd,
                FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
                ctypes.c_uint64(FAN_OPEN_EXEC),
                AT_FDCWD,
                os.fsencode(path),
            ),
            path,
        )

    def read(self) -> Iterator[tuple[int, bool]]:
        """(pid of who executes, whether events were lost)."""
        try:
            data = os.read(self.fd, BUFFER)
        except BlockingIOError:
            return
        place = 0
        while place + _FAN_EVENT.size <= len(data):
            length, _, _, _, mask, fd, pid = _FAN_EVENT.unpack_from(data, place)
            place += length
            if fd >= 0:
                # An event keeps the program's file open until its descriptor is closed
                # (fanotify(7)).
                os.close(fd)
            yield pid, bool(mask & FAN_Q_OVERFLOW)

    def close(self) -> None:
        os.close(self.fd)
