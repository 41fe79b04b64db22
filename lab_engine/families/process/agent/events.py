"""Programs that are started, in the bench and in its containers, and those that end.

The process connector answers only in the host's network namespace, so starts come from fanotify
(FAN_OPEN_EXEC) on the filesystem of the bench and on that of each container. An end has no event of
its own here: the step's slow poll sees it.
"""

from __future__ import annotations

import os
import select
from pathlib import Path
from typing import Final

from lab_engine.common.probe import RESYNC
from lab_engine.families.registry import FAMILIES
from lab_engine.families.source import Source
from lab_engine.kernel import mountinfo
from lab_engine.kernel.notify import Programs

MACHINERY: Final = tuple(
    name for family in FAMILIES.values() if family.daemon for name in family.daemon.starters
)
"""Beginnings of the names of daemons that start programs themselves; their own events tell of it.
A probe inside a container is started by them too, and must not wake the check that asked it."""
CONTAINERS: Final = "/var/lib/docker/overlay2/"
LOOK_SECONDS: Final = 1.0


class ProgramEvents(Source):
    topics = ("process",)

    def listen(self) -> None:
        programs = Programs()
        own = os.getpid()
        marked: set[str] = set()
        try:
            programs.add("/")
            while not self.stopping.is_set():
                ready, _, _ = select.select([programs.fd], [], [], LOOK_SECONDS)
                self._mark_containers(programs, marked)
                if not ready:
                    continue
                for pid, lost in programs.read():
                    if lost:
                        self.publish(RESYNC, "process")
                    elif not _is_machinery(pid, own):
                        self.publish("process", str(pid))
        finally:
            programs.close()

    def _mark_containers(self, programs: Programs, marked: set[str]) -> None:
        """New containers have filesystems of their own; those of ended ones are gone."""
        there = {m.target for m in mountinfo.mounts() if m.target.startswith(CONTAINERS)}
        for target in there - marked:
            try:
                programs.add(target)
            except OSError:
                # It ended meanwhile; the next look leaves it out.
                continue
            marked.add(target)
        marked &= there


def _is_machinery(pid: int, own: int) -> bool:
    """Whether the agent started a process, directly or through one other, or a daemon directly."""
    for generation in range(3):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            # It ended at once; it may have been the learner's.
            return False
        name, _, rest = stat.partition("(")[2].rpartition(")")
        if pid == own or (generation < 2 and name.startswith(MACHINERY)):
            return True
        pid = int(rest.split()[1])
        if pid <= 1:
            return False
    return False
