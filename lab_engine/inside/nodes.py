"""The bench's nodes of loop devices (a program of its own, run by the entrypoint).

    nodes.py FIRST-LAST

Only the block FIRST to LAST is this bench's: nodes are made for those, except for one that has a
file already when the bench begins, and the rest is noted in `LIST`. LAST itself is never given out.

Without /dev/loop-control, which would give out numbers of the host, `losetup -f` and `mount -o
loop` look at the names loop0 to loop7 first, and take one without a file for free whether or not
there is a node (util-linux, lib/loopdev.c, `loopcxt_next`). So these eight names lead to LAST,
which has an empty, read-only file for as long as somebody holds it open: the entrypoint does.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
import sys
from pathlib import Path
from typing import Final

LIST: Final = Path("/var/lib/infralab/loops")
HELD: Final = "/usr/lib/infralab/no-disk"
MAJOR: Final = 7
FIRST_NAMES: Final = 8
"""How many names util-linux tries before it looks at what is in /dev."""
SET_FD: Final = 0x4C00
SET_STATUS64: Final = 0x4C04
STATUS: Final = struct.Struct("QQQQQIIII64s64s32sQQ")
READ_ONLY_AND_AUTOCLEAR: Final = 1 | 4
# Debian's number for `disk` (base-passwd).
DISK_GROUP: Final = 6


def main(block: str) -> int:
    """Make the nodes, note the numbers, and close the first eight names."""
    first, last = (int(word) for word in block.split("-"))
    if LIST.exists():
        mine = [int(word) for word in LIST.read_text().split()]
    else:
        mine = [number for number in range(first, last) if not _taken(number)]
        LIST.write_text("".join(f"{number}\n" for number in mine))
    for number in mine:
        _node(f"/dev/loop{number}", number, 0o660)
    for name in range(FIRST_NAMES):
        _node(f"/dev/loop{name}", last, 0o440)
    _hold(f"/dev/loop{last}")
    return 0


def _taken(number: int) -> bool:
    return Path(f"/sys/block/loop{number}/loop/backing_file").exists()


def _node(path: str, number: int, mode: int) -> None:
    Path(path).unlink(missing_ok=True)
    os.mknod(path, mode | stat.S_IFBLK, os.makedev(MAJOR, number))
    os.chown(path, 0, DISK_GROUP)


def _hold(path: str) -> None:
    """Give a device the empty file; it goes by itself with the last descriptor of the device."""
    file = os.open(HELD, os.O_RDONLY | os.O_CLOEXEC)
    device = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(device, SET_FD, file)
        flags = STATUS.pack(0, 0, 0, 0, 0, 0, 0, 0, READ_ONLY_AND_AUTOCLEAR, b"", b"", b"", 0, 0)
        fcntl.ioctl(device, SET_STATUS64, flags)
    except OSError as error:
        # It has one already when the bench was started again at once.
        sys.stderr.write(f"{path}: {error.strerror}\n")
    finally:
        os.close(device)
        os.close(file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
