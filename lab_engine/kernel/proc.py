"""A /proc of the agent's own, which nobody in the bench can cover (agent side).

A learner with sudo may mount over /proc, or bind another process's files over /proc/PID/ns. What a
probe says of a process must not come from there. So the agent makes an instance of proc that is
mounted nowhere (fsopen(2), fsmount(2), Linux 5.2), and reads below its descriptor: what is not in a
tree of mounts can have nothing mounted over it. Older kernels have only the /proc of the bench.

Paths are relative: `1/status`, `thread-self/ns/net`. Everything raises OSError as open(2) does.

A verifier (`agent/verifier/`) looks at a bench that it is not part of. It gives another instance of
proc with `use`, and says with `stand_for` whose mounts are those of the bench.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

_FSOPEN: Final = 430
_FSCONFIG: Final = 431
_FSMOUNT: Final = 432
"""System calls since number 424 have the same one on every architecture."""
_FSOPEN_CLOEXEC: Final = 1
_FSMOUNT_CLOEXEC: Final = 1
_CMD_CREATE: Final = 6
_MISSING: Final = (errno.ENOSYS, errno.EPERM)
"""A kernel before 5.2, or a runtime whose filter does not know these calls."""

_libc = ctypes.CDLL(None, use_errno=True)
_given: int | None = None
_stands = "self"
_unseen = 0


def use(descriptor: int) -> None:
    """Read below this proc from now on."""
    global _given
    _given = descriptor


def stand_for(pid: int) -> None:
    """Process `pid` is in the bench as the agent would be; this process is not to be seen."""
    global _stands, _unseen
    _stands, _unseen = str(pid), os.getpid()


def own() -> str:
    """The folder of a process that is in the bench's own namespaces: `self` for the agent."""
    return _stands


def root() -> int:
    """The descriptor of the proc that is read; it stays open as long as the process lives."""
    return _made() if _given is None else _given


@cache
def _made() -> int:
    try:
        return fresh()
    except OSError as error:
        if error.errno not in _MISSING:
            raise
        return os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def fresh() -> int:
    """A new instance of proc, of the pid namespace that the caller is in, mounted nowhere."""
    made = _call(_FSOPEN, b"proc", _FSOPEN_CLOEXEC)
    try:
        _call(_FSCONFIG, made, _CMD_CREATE, None, None, 0)
        return _call(_FSMOUNT, made, _FSMOUNT_CLOEXEC, 0)
    finally:
        os.close(made)


def _call(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def opened(path: str, flags: int = os.O_RDONLY) -> int:
    """A descriptor of a file, for the caller to close."""
    return os.open(path, flags | os.O_CLOEXEC, dir_fd=root())


@contextmanager
def held(path: str) -> Iterator[int]:
    """A descriptor of a file, such as a namespace, for as long as the block runs."""
    descriptor = opened(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_bytes(path: str) -> bytes:
    """The whole of a file."""
    with open(opened(path), "rb") as file:
        return file.read()


def read_text(path: str) -> str:
    """The whole of a file, with what is no UTF-8 replaced: a process chooses its own name."""
    return read_bytes(path).decode(errors="replace")


def target(path: str) -> str:
    """What a link says; empty where there is none, as for threads of the kernel."""
    try:
        return os.readlink(path, dir_fd=root())
    except OSError:
        return ""


def inode(path: str) -> int:
    """The inode number of what is there, links followed: the identity of a namespace."""
    return os.stat(path, dir_fd=root()).st_ino


def names(path: str) -> list[str]:
    """What is in a folder."""
    folder = opened(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return os.listdir(folder)  # noqa: PTH208 - a descriptor is no path
    finally:
        os.close(folder)


def pids() -> list[int]:
    """Every process of the bench's pid namespace, in order of its number, but for a verifier."""
    found = sorted(int(name) for name in names(".") if name.isdecimal())
    return [pid for pid in found if pid != _unseen]
