"""Ordinary files, read with a limit: no FIFO is waited for, no sparse file fills the memory."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def check(path: Path, limit: int | None = None) -> None:
    """Raise OSError for what is no ordinary file, or is longer than `limit` bytes."""
    _check(path.stat(), path, limit)


def _check(status: os.stat_result, path: Path, limit: int | None) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
    if limit is not None and status.st_size > limit:
        raise OSError(
            errno.EFBIG, f"it has {status.st_size} bytes, and the limit is {limit}", str(path)
        )


def read(path: Path, limit: int) -> bytes:
    """The whole file. Raises OSError as `check` does, and when it cannot be read."""
    # Without O_NONBLOCK, opening a FIFO waits for somebody to write to it.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123 -- pathlib knows no flags
        _check(os.fstat(file.fileno()), path, limit)
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it grew beyond the limit of {limit} bytes", str(path))
    return data


def text(path: Path, limit: int) -> str:
    """The whole file, as `decoded`. Raises OSError as `read` does, and UnicodeDecodeError."""
    return decoded(read(path, limit))


def decoded(data: bytes) -> str:
    """UTF-8 without a byte order mark, its lines ended by line feeds.

    Raises UnicodeDecodeError.
    """
    return data.decode("utf-8-sig").replace("\r\n", "\n")
