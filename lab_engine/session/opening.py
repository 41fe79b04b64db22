"""Only one process opens a session at a time, and only one looks for an open session of a lesson.

Of two that did it at once, both would make the bench, and the one that fails would remove it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lab_engine.errors import InfralabError, LeaseTaken

FOLDER: Final = "opening"


@contextmanager
def alone(data_dir: Path, what: str) -> Iterator[None]:
    """Open `what`, such as "session 3fa2b1c0", as the only process of this user.

    The lock goes with its process, however that ends (flock(2)). Raises LeaseTaken when another
    process opens it at this moment, InfralabError when the lock's file cannot be made.
    """
    path = data_dir / FOLDER / what.replace(" ", "-")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = _locked(path)
        _forget_the_killed(path)
    except OSError as error:
        raise InfralabError(
            f"{what} cannot be opened: {error}",
            hint="Check that the folder can be written and the disk is not full.",
        ) from error
    if lock is None:
        raise LeaseTaken(
            f"another infralab opens {what} at this moment",
            hint="Wait until it is ready, then try again.",
        )
    try:
        yield
    finally:
        # While it is held: later this could be a file that another process has made and locked.
        path.unlink(missing_ok=True)
        os.close(lock)


def _forget_the_killed(mine: Path) -> None:
    """Take away the files of processes that were killed while they held their lock."""
    for path in mine.parent.iterdir():
        if path != mine and (lock := _locked(path)) is not None:
            # While it is held, as above.
            path.unlink(missing_ok=True)
            os.close(lock)


def _locked(path: Path) -> int | None:
    """The lock's descriptor, or None when another process has it."""
    while True:
        # CLOEXEC: a program that outlives this one would keep the lock (flock(2)).
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The one before removed the file when it was done: then this is the lock of no file.
            if os.fstat(lock).st_nlink:
                return lock
        except BlockingIOError:
            os.close(lock)
            return None
        os.close(lock)
