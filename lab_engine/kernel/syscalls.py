"""System calls that Python 3.11 does not offer: those about mounts and namespaces.

Each raises OSError with the errno of the kernel. See mount(2), umount2(2), setns(2), unshare(2),
open_tree(2), move_mount(2).
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from lab_engine.kernel import proc

T = TypeVar("T")

MS_RDONLY: Final = 1
MS_NOSUID: Final = 2
MS_NODEV: Final = 4
MS_REMOUNT: Final = 32
MS_BIND: Final = 4096
MS_REC: Final = 16384
MS_PRIVATE: Final = 1 << 18
MNT_DETACH: Final = 2
UMOUNT_NOFOLLOW: Final = 8
CLONE_FS: Final = 0x200
CLONE_NEWNS: Final = 0x20000
CLONE_NEWNET: Final = 0x40000000

_OPEN_TREE: Final = 428
_MOVE_MOUNT: Final = 429
"""System calls since number 424 have the same one on every architecture; these two are older by a
few numbers, and have it too (Linux 5.2)."""
_AT_FDCWD: Final = -100
_AT_RECURSIVE: Final = 0x8000
_OPEN_TREE_CLONE: Final = 1
_FROM_DESCRIPTOR: Final = 4
"""MOVE_MOUNT_F_EMPTY_PATH: what is moved is the descriptor itself."""
_PR_SET_PDEATHSIG: Final = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, path: str = "") -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), path or None)


def mount(source: str, target: str, fstype: str = "", flags: int = 0, data: str = "") -> None:
    _checked(
        _libc.mount(
            os.fsencode(source),
            os.fsencode(target),
            fstype.encode() or None,
            # An unsigned long in mount(2); ctypes would pass an int.
            ctypes.c_ulong(flags),
            data.encode() or None,
        ),
        target,
    )


def umount(target: str, *, lazy: bool = False) -> None:
    """Take off the topmost mount at `target`. A lazy one ends when its last user does."""
    # A link put at the target would have another mount taken off.
    flags = UMOUNT_NOFOLLOW | (MNT_DETACH if lazy else 0)
    _checked(_libc.umount2(os.fsencode(target), flags), target)


def unshare(flags: int) -> None:
    """Give the calling thread namespaces of its own."""
    _checked(_libc.unshare(flags))


def setns(descriptor: int, kind: int) -> None:
    """Move the calling thread into the namespace that `descriptor` refers to."""
    _checked(_libc.setns(descriptor, kind))


def tree(path: str, *, whole: bool = False) -> int:
    """A descriptor of a copy of what is mounted at `path`, mounted nowhere, to be put elsewhere.

    It may be put into another mount namespace than this one. With `whole`, what is mounted below
    comes with it.
    """
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | (_AT_RECURSIVE if whole else 0)
    made: int = _libc.syscall(_OPEN_TREE, _AT_FDCWD, os.fsencode(path), flags)
    if made < 0:
        _checked(made, path)
    return made


def put_tree(descriptor: int, target: str) -> None:
    """Mount what `tree` gave over `target`."""
    _checked(
        _libc.syscall(
            _MOVE_MOUNT, descriptor, b"", _AT_FDCWD, os.fsencode(target), _FROM_DESCRIPTOR
        ),
        target,
    )


def end_with_parent() -> None:
    """Have the kernel kill this process when its parent ends (prctl(2), PR_SET_PDEATHSIG)."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0))


class Home:
    """The network, UTS and IPC namespaces of the thread that makes it, where others belong, too.

    A thread whose way back from another namespace failed would do the next call's work there.
    """

    def __init__(self) -> None:
        self._own = {name: proc.opened(f"thread-self/ns/{name}") for name in ("net", "uts", "ipc")}

    def here(self) -> bool:
        """Whether the calling thread is at home."""
        return all(
            os.fstat(own).st_ino == proc.inode(f"thread-self/ns/{name}")
            for name, own in self._own.items()
        )

    def come_back(self) -> bool:
        """Bring the calling thread home; whether that worked."""
        try:
            for own in self._own.values():
                # Of any kind: the descriptor says which.
                setns(own, 0)
        except OSError:
            return False
        return self.here()

    def close(self) -> None:
        for own in self._own.values():
            os.close(own)
        self._own.clear()


def in_thread(prepare: Callable[[], None], call: Callable[[], T]) -> T:
    """Run `call` after `prepare` in a thread made for it.

    The thread ends afterwards, so that what `prepare` changed about it (its network, its root
    folder) reaches nobody else.
    """
    result: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            prepare()
            result.append(call())
        except BaseException as error:
            # Raised again where it was asked for: in this thread it would only be printed.
            failure.append(error)

    thread = threading.Thread(target=work, name="elsewhere", daemon=True)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]


def in_network(namespace: str | Path, call: Callable[[], T]) -> T:
    """Run `call` in a network namespace, given as a path such as `/run/netns/h1`."""

    def enter() -> None:
        descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
        try:
            setns(descriptor, CLONE_NEWNET)
        finally:
            os.close(descriptor)

    return in_thread(enter, call)


def in_root_of(pid: int, call: Callable[[], T]) -> T:
    """Run `call` with the file tree of process `pid`: its mounts, its root folder."""

    def enter() -> None:
        # Threads of a process share their root folder until one leaves (unshare(2)).
        unshare(CLONE_FS)
        os.chroot(f"/proc/{pid}/root")
        # chroot leaves the working folder where it was (chroot(2)).
        os.chdir("/")

    return in_thread(enter, call)
