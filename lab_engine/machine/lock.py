"""One at a time: what begins, ends or changes the machine holds a lock beside its folder."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from lab_engine.common import patience
from lab_engine.errors import BenchError
from lab_engine.machine.place import Place

SECONDS: Final = 960
"""A little more than an emulated start may take."""


@contextmanager
def held(where: Place, say: Callable[[str], None], seconds: float = SECONDS) -> Iterator[None]:
    """Hold the lock; whoever comes second waits, and is told so.

    Raises:
        BenchError: it was not free in time.
    """
    where.lock.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + patience.patient(seconds)
    told = False
    while True:
        file = where.lock.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            if time.monotonic() >= end:
                raise BenchError(
                    "another infralab begins or ends the machine, and is not done yet",
                    hint="`infralab machine status` says how it stands.",
                ) from None
            if not told:
                say("waiting for another infralab, which begins or ends the machine")
                told = True
            time.sleep(0.2)
            continue
        # Whoever held it may have removed the file: then this lock is nobody's.
        if where.lock.exists() and where.lock.stat().st_ino == os.fstat(file.fileno()).st_ino:
            break
        file.close()
    try:
        yield
    finally:
        file.close()
