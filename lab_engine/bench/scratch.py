"""The folder that a build works in: gone afterwards, also when the build was killed.

mmdebstrap mounts /proc, /sys and more below it. Where it was killed, these mounts stay, and nothing
may be removed before they are gone.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from lab_engine.bench.owner import born

# Not /tmp, which is memory on many machines: a build takes gigabytes.
PARENT: Final = Path("/var/tmp")  # noqa: S108
PREFIX: Final = "infralab-build-"
_OWNER: Final = "owner"


@contextmanager
def folder() -> Iterator[Path]:
    """A new folder, removed at the end together with those of builds that were killed."""
    for old in PARENT.glob(f"{PREFIX}*"):
        if not _alive(old):
            remove(old)
    path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=PARENT))
    (path / _OWNER).write_text(f"{os.getpid()} {born(os.getpid())}")
    try:
        yield path
    finally:
        remove(path)


def remove(path: Path) -> None:
    """Unmount what is mounted below `path` and remove it; what resists is left as it is."""
    for point in _mounts_below(path):
        with suppress(OSError, subprocess.SubprocessError):
            # Lazily: what the killed build left running may still use it.
            subprocess.run(["umount", "-l", point], timeout=20, check=False, capture_output=True)
    # Never through a mount that stayed: what lies behind it is the host's.
    if not _mounts_below(path):
        shutil.rmtree(path, ignore_errors=True)


def free_space(path: Path) -> int:
    """Bytes that are free where `path` lies."""
    return shutil.disk_usage(path).free


@contextmanager
def signals_as_interrupt() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block like Ctrl-C, so that it cleans up."""
    # Python lets only the main thread set what a signal does.
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _mounts_below(path: Path) -> list[str]:
    """Mount points below `path`, deepest first."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    points = [line.split(" ")[4] for line in lines]
    # Later lines are later mounts, so what lies on another mount comes after it.
    return [point for point in reversed(points) if point.startswith(f"{path}/")]


def _alive(path: Path) -> bool:
    """Whether the build that made this folder still runs. Folders of other users count as alive."""
    try:
        if path.stat().st_uid != os.geteuid():
            return True
        pid, _, birth = (path / _OWNER).read_text(encoding="utf-8").partition(" ")
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return pid.isdigit() and bool(birth) and born(int(pid)) == birth
