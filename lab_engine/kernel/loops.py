"""Loop devices: which file is behind one, whose it is, and its end (loop(4)).

They are the host's: one stays attached when its bench is removed. So the agent keeps a list of
those of its bench on the state volume, from which `infralab gc` takes them back.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from lab_engine.common import replacing
from lab_engine.kernel import mountinfo

GET_STATUS64: Final = 0x4C05
CLR_FD: Final = 0x4C01
STATUS: Final = struct.Struct("QQQQQIIII64s64s32sQQ")
LIST: Final = "loops.json"
"""The list's name on a state volume."""


class Loop(msgspec.Struct, frozen=True):
    """A loop device with the file behind it: device number and inode, and its path at that time."""

    name: str
    device: int
    inode: int
    path: str


def attached() -> Iterator[Loop]:
    """Every loop device of the host that has a file."""
    for folder in Path("/sys/block").glob("loop*/loop"):
        name = folder.parent.name
        try:
            path = (folder / "backing_file").read_text().strip()
            device, inode = _status(name)
        except OSError:
            continue
        yield Loop(name, device, inode, path)


def of_this_bench() -> list[Loop]:
    """Those whose file lies in the bench; others are the host's or another bench's."""
    mounted = {entry.device for entry in mountinfo.mounts()}
    found = []
    for loop in attached():
        with contextlib.suppress(OSError):
            info = Path(loop.path.removesuffix(" (deleted)")).stat()
            if (info.st_dev, info.st_ino) == (loop.device, loop.inode):
                found.append(loop)
                continue
        # An unnamed device is one bench's alone; a disk of the host may be shared by several.
        number = f"{os.major(loop.device)}:{os.minor(loop.device)}"
        if os.major(loop.device) == 0 and number in mounted:
            found.append(loop)
    return found


def _open(name: str) -> int:
    return os.open(f"/dev/{name}", os.O_RDONLY | os.O_CLOEXEC)


def _status(name: str) -> tuple[int, int]:
    descriptor = _open(name)
    try:
        raw = fcntl.ioctl(descriptor, GET_STATUS64, bytes(STATUS.size))
    finally:
        os.close(descriptor)
    fields = STATUS.unpack(raw)
    return fields[0], fields[1]


def detach(name: str) -> None:
    """Take the file from a loop device; one that has none is left as it is. Raises OSError."""
    try:
        descriptor = _open(name)
    except FileNotFoundError:
        return
    try:
        fcntl.ioctl(descriptor, CLR_FD)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
    finally:
        os.close(descriptor)


def write_list(folder: Path) -> list[Loop]:
    """Keep the list of this bench's loop devices in `folder`; rewritten only when it changed."""
    now = sorted(of_this_bench(), key=lambda loop: loop.name)
    data = msgspec.json.encode(now)
    path = folder / LIST
    if not path.exists() or path.read_bytes() != data:
        replacing.write(path, data)
    return now


def still_listed(folder: Path) -> list[Loop]:
    """Those of a list that are attached to the very file that they were attached to."""
    try:
        listed = msgspec.json.decode((folder / LIST).read_bytes(), type=list[Loop])
    except (OSError, msgspec.DecodeError):
        return []
    now = {(loop.name, loop.device, loop.inode) for loop in attached()}
    return [loop for loop in listed if (loop.name, loop.device, loop.inode) in now]


def main() -> int:
    """`python -m lab_engine.kernel.loops ROOT [SESSION NAME]`: for `infralab gc`, in a container.

    ROOT has a folder a session with its list. Without more, prints them as JSON; with a session
    and a device's name, detaches it if it is still that session's.
    """
    root = Path(sys.argv[1])
    if len(sys.argv) == 2:
        folders = [folder for folder in sorted(root.iterdir()) if folder.is_dir()]
        found = {folder.name: still_listed(folder) for folder in folders}
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
        return 0
    session, name = sys.argv[2:4]
    for loop in still_listed(root / session):
        if loop.name == name:
            detach(name)
    sys.stdout.write("{}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
