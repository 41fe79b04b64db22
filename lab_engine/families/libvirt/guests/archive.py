"""Write a cpio archive (format newc) that is the same bytes for the same content.

Source: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import PurePosixPath


@dataclass
class Tree:
    """Files, folders and symbolic links of an initramfs, all owned by root, without times."""

    entries: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def folder(self, path: str, mode: int = 0o755) -> None:
        self._parents(path)
        self.entries.setdefault(path.strip("/"), (stat.S_IFDIR | mode, b""))

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        self._parents(path)
        self.entries[path.strip("/")] = (stat.S_IFREG | mode, data)

    def link(self, path: str, target: str) -> None:
        self._parents(path)
        self.entries[path.strip("/")] = (stat.S_IFLNK | 0o777, target.encode())

    def _parents(self, path: str) -> None:
        for parent in reversed(PurePosixPath(path.strip("/")).parents[:-1]):
            self.entries.setdefault(str(parent), (stat.S_IFDIR | 0o755, b""))

    def cpio(self) -> bytes:
        """The archive's bytes."""
        parts: list[bytes] = []
        # A folder comes before what is in it: the kernel's unpacker makes no missing parents.
        for number, name in enumerate(sorted(self.entries), start=1):
            mode, data = self.entries[name]
            parts.append(_record(number, name, mode, data))
        parts.append(_record(0, "TRAILER!!!", 0, b""))
        return b"".join(parts)


def _record(number: int, name: str, mode: int, data: bytes) -> bytes:
    path = name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    # inode, mode, uid, gid, nlink, mtime, size, device (2), special device (2), name length, sum
    fields = (number, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08x" % value for value in fields) + path
    return _padded(head) + _padded(data)


def _padded(data: bytes) -> bytes:
    # Name and data both end on a multiple of four bytes.
    return data + b"\0" * (-len(data) % 4)
