"""The files that the learner made in the work folder, as digests (in the bench, as root).

It needs only the standard library.
"""

import contextlib
import hashlib
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

LEARNER = "learner"
MOST_FILES = 200
MOST_BYTES = 1 << 20
"""Of a larger file only the size is noted."""


class Work:
    """The files below a folder; what has not changed since the last look is not read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[tuple[int, ...], str]] = {}

    def look(self) -> dict[str, str]:
        """Path in the folder to SHA-256 (or the size) of each regular file; the first 200.

        Links are not followed, other filesystems not entered, pipes and devices never opened.
        """
        found: dict[str, tuple[tuple[int, ...], str]] = {}
        for path in self._paths():
            short = str(path.relative_to(self._folder))
            with contextlib.suppress(OSError):
                state = path.lstat()
                if not stat.S_ISREG(state.st_mode):
                    continue
                # The time of the last change of the inode too: unlike that of the content, no
                # call can set it.
                now = (state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
                known = self._known.get(short)
                found[short] = known if known and known[0] == now else (now, _digest(path, state))
            if len(found) == MOST_FILES:
                break
        self._known = found
        return {name: digest for name, (_, digest) in found.items()}

    def _paths(self) -> Iterator[Path]:
        device = _device(self._folder)
        for base, folders, names in os.walk(self._folder):
            here = Path(base)
            folders[:] = sorted(name for name in folders if _device(here / name) == device)
            yield from (here / name for name in sorted(names))


def _device(path: Path) -> int:
    try:
        return path.lstat().st_dev
    except OSError:
        return -1


def _digest(path: Path, state: os.stat_result) -> str:
    if state.st_size > MOST_BYTES:
        return f"{state.st_size} bytes"
    # Since the look at it somebody may have put a link or a pipe there.
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return hashlib.sha256(os.read(file, MOST_BYTES + 1)).hexdigest()
    finally:
        os.close(file)


def work_folder() -> Path:
    """Where the learner works. Raises KeyError without such a user."""
    return Path(pwd.getpwnam(LEARNER).pw_dir, "work")
