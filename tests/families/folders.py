"""A mount namespace of a test's own, with empty folders where lessons put files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab_engine.common.paths import WATCHED
from lab_engine.kernel import syscalls


@contextmanager
def own_folders() -> Iterator[None]:
    """Put the calling thread into a mount namespace of its own for a while (needs root)."""
    before = os.open("/proc/thread-self/ns/mnt", os.O_RDONLY)
    folder = Path.cwd()
    syscalls.unshare(syscalls.CLONE_NEWNS)
    try:
        syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
        for root in (*WATCHED, "/var/log"):
            if Path(root).is_dir():
                syscalls.mount("test", root, "tmpfs")
        yield
    finally:
        syscalls.setns(before, syscalls.CLONE_NEWNS)
        os.close(before)
        os.chdir(folder)
