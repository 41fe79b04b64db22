"""Network namespaces: named as ip-netns(8) names them, and entered by a thread for a moment."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from lab_engine.kernel import proc
from lab_engine.kernel.syscalls import (
    CLONE_NEWNET,
    MS_BIND,
    MS_REC,
    mount,
    setns,
    umount,
    unshare,
)

FOLDER: Final = Path("/run/netns")
MS_SHARED: Final = 1 << 20
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
_OWN: Final = "thread-self/ns/net"
_OF_KIND: Final = {
    CLONE_NEWNET: _OWN,
    CLONE_NEWUTS: "thread-self/ns/uts",
    CLONE_NEWIPC: "thread-self/ns/ipc",
}


@contextmanager
def inside(descriptor: int | None, kind: int = CLONE_NEWNET) -> Iterator[None]:
    """Have this thread in another namespace for a moment; None stays where it is.

    A socket opened meanwhile, and a process started meanwhile, stay there. `kind` is the
    CLONE_NEW flag of a network, UTS or IPC namespace.
    """
    if descriptor is None:
        yield
        return
    # Only this thread moves (setns(2)); its neighbours in the pool ask elsewhere meanwhile. So
    # /proc/self, which is the first thread, would be the wrong way back.
    with proc.held(_OF_KIND[kind]) as own:
        setns(descriptor, kind)
        try:
            yield
        finally:
            setns(own, kind)


@contextmanager
def opened(path: str | Path) -> Iterator[int]:
    """A descriptor of the file for as long as the block runs."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def of_host(host: str) -> Iterator[int | None]:
    """The namespace of a host by name; None for the empty name, the bench itself.

    Raises FileNotFoundError when there is no namespace of that name.
    """
    if not host:
        yield None
        return
    with opened(FOLDER / host) as descriptor:
        if os.fstat(descriptor).st_dev != _nsfs():
            raise FileNotFoundError(errno.ENOENT, "not a namespace", str(FOLDER / host))
        yield descriptor


@cache
def _nsfs() -> int:
    return os.stat(_OWN, dir_fd=proc.root()).st_dev


def exists(name: str) -> bool:
    """Whether `name` is a network namespace that can be entered."""
    return inode(name) != 0


def inode(name: str) -> int:
    """The namespace's inode number, as lsns(8) shows it; 0 when there is none of that name."""
    try:
        found = (FOLDER / name).stat()
    except FileNotFoundError:
        return 0
    return found.st_ino if found.st_dev == _nsfs() else 0


def names() -> list[str]:
    """The names of all namespaces here, sorted."""
    try:
        entries = sorted(entry.name for entry in FOLDER.iterdir())
    except FileNotFoundError:
        return []
    return [name for name in entries if exists(name)]


def note(name: str) -> str:
    """What the plain file says that is at a namespace's place while nothing is mounted on it."""
    try:
        found = (FOLDER / name).stat()
        if found.st_dev == _nsfs():
            return ""
        return (FOLDER / name).read_text(errors="replace")[:256].strip()
    except (FileNotFoundError, IsADirectoryError):
        return ""


def create(name: str, mark: str, prepare: Callable[[], None]) -> None:
    """Make a namespace, run `prepare` in it, and give it its name.

    The place holder carries `mark`, so that one left by a crash can be told from another's.
    Raises FileExistsError when the name is taken.
    """
    _share_folder()
    with proc.held(_OWN) as own:
        # Of this thread alone (unshare(2)), so it must come back whatever happens.
        unshare(CLONE_NEWNET)
        try:
            prepare()
            with proc.held(_OWN) as made:
                _place(FOLDER / name, mark)
                mount(f"/proc/self/fd/{made}", str(FOLDER / name), "none", MS_BIND)
        finally:
            setns(own, CLONE_NEWNET)


def remove(name: str) -> None:
    """Take the name away; the namespace ends with the last process in it. Absent is fine."""
    path = FOLDER / name
    # Somebody may have mounted over it: below each mount may be another. Lazily, as `ip netns
    # delete` does it: a process that has the file open does not keep the name.
    while exists(name):
        umount(str(path), lazy=True)
    path.unlink(missing_ok=True)


def _place(path: Path, mark: str) -> None:
    """Make a file with `mark` in it in one step: at no time is it there without."""
    descriptor = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o444)
    try:
        os.write(descriptor, mark.encode())
        with opened(path.parent) as folder:
            # With a folder given, link(2) follows the symbolic link that stands for the file.
            os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(descriptor)


@cache
def _share_folder() -> None:
    """Make the folder what `ip netns add` makes it: a mount that other mount namespaces follow."""
    FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
    with opened(FOLDER) as lock:
        # `ip netns add` takes the same lock on the same folder for the same reason: two at once
        # would mount the folder on itself twice.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _shared():
            return
        try:
            mount("", str(FOLDER), "none", MS_SHARED | MS_REC)
        except OSError as error:
            # EINVAL: the folder is no mount yet, and only a mount can be shared (mount(2)).
            if error.errno != errno.EINVAL:
                raise
            mount(str(FOLDER), str(FOLDER), "none", MS_BIND | MS_REC)
            mount("", str(FOLDER), "none", MS_SHARED | MS_REC)


def _shared() -> bool:
    """Whether the folder is a shared mount, by the optional fields of mountinfo."""
    for line in Path("/proc/thread-self/mountinfo").read_text().splitlines():
        fields = line.split(" ")
        if fields[4] == str(FOLDER):
            return any(field.startswith("shared:") for field in fields[6 : fields.index("-")])
    return False
