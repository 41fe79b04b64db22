"""Files in the watched folders, named network namespaces, and mounts of the bench."""

from __future__ import annotations

import os
import select
from pathlib import Path
from typing import Final

from lab_engine.common.paths import WATCHED
from lab_engine.common.probe import RESYNC
from lab_engine.families.source import Source
from lab_engine.kernel.notify import IN_CREATE, IN_ISDIR, IN_MOVED, Folders

NAMED_NAMESPACES: Final = Path("/run/netns")
MOST_FOLDERS: Final = 2000
"""Above this, a learner unpacked something large; the slow poll sees its files."""
MOUNTS: Final = Path("/proc/self/mountinfo")


class FileEvents(Source):
    topics = ("file", "mount", "netns")

    def listen(self) -> None:
        folders = Folders()
        mounts = os.open(MOUNTS, os.O_RDONLY)
        try:
            NAMED_NAMESPACES.mkdir(exist_ok=True)
            folders.add(NAMED_NAMESPACES)
            for root in WATCHED:
                self._add(folders, Path(root))
            poll = select.poll()
            poll.register(folders.fd, select.POLLIN)
            # A change of mounts is told as an exceptional condition (proc_pid_mounts(5)).
            poll.register(mounts, select.POLLPRI | select.POLLERR)
            while not self.stopping.is_set():
                for fd, _ in poll.poll(1000):
                    if fd == mounts:
                        os.lseek(mounts, 0, os.SEEK_SET)
                        os.read(mounts, 1 << 20)
                        self.publish("mount", "")
                    else:
                        self._read(folders)
        finally:
            folders.close()
            os.close(mounts)

    def _add(self, folders: Folders, root: Path) -> None:
        folders.add(root)
        for folder, below, _ in os.walk(root):
            for name in below:
                if len(folders) >= MOST_FOLDERS:
                    return
                folders.add(Path(folder) / name)

    def _read(self, folders: Folders) -> None:
        for path, mask in folders.read():
            if path is None:
                self.publish(RESYNC, "file")
            elif path.parent == NAMED_NAMESPACES:
                self.publish("netns", path.name)
            else:
                # A watch does not reach below its folder (inotify(7)).
                if mask & IN_ISDIR and mask & (IN_CREATE | IN_MOVED):
                    self._add(folders, path)
                self.publish("file", str(path))
