"""The learner's stray programs, which stand still while the verifier looks.

A loop in the background can see a check coming, by the processes that come with it, and make a
state that is there only as long as the check looks. It cannot do so while it is stopped. What may
be stopped without harm to honest work: interpreters and programs that are not the image's, in the
background, with no socket at which they wait for others. So a server that was asked for goes on.

It is found and stopped from outside of the bench's pid namespace: nothing there shows that a look
begins.
"""

from __future__ import annotations

import os
import random
import re
import signal
import time
from contextlib import suppress
from pathlib import PurePath
from typing import Final

from lab_engine.agent.verifier.entering import INIT
from lab_engine.families import machinery
from lab_engine.kernel import proc, processes, sockets, untouched
from lab_engine.kernel.processes import Process

INTERPRETERS: Final = re.compile(
    r"(ba|da|k|z|fi)?sh|busybox|python[\d.]*|perl[\d.]*|ruby[\d.]*|node|php[\d.]*|lua[\d.]*|"
    r"[gm]?awk|tclsh[\d.]*|expect|socat|strace|gdb|bpftrace"
)
PAUSE: Final = (1.0, 2.5)
"""Seconds, drawn at random, between the agent's look and ours: a state made for that one, and the
loop that made it, have gone on meanwhile."""
_LISTENS: Final = 0x10000
"""SO_ACCEPTCON, in the flags of /proc/net/unix (include/uapi/linux/net.h, __SO_ACCEPTCON)."""


def found() -> list[Process]:
    """The strays, as the instance of proc that is in use shows them."""
    among = processes.every()
    own = machinery.pids(among) | {INIT}
    return [
        process
        for process in among.values()
        if process.pid not in own and not process.ended and process.state not in "Tt"
        and _stray(process)
    ]  # fmt: skip


def _stray(process: Process) -> bool:
    try:
        if processes.container(process.pid) or _in_front(process.pid):
            return False
        return _acts(process.pid) and not _listens(process.pid)
    except OSError:
        # It has ended.
        return False


def _acts(pid: int) -> bool:
    """Whether it can be a program of the learner's own: a script, or another executable file."""
    exe = proc.target(f"{pid}/exe")
    if not exe:
        return False
    if INTERPRETERS.fullmatch(PurePath(exe).name):
        return True
    return not os.path.exists(exe) or untouched.written(f"{pid}/exe", proc.root())  # noqa: PTH110


def _in_front(pid: int) -> bool:
    """Whether it is what its terminal is used by: somebody types into it (proc(5), tpgid)."""
    fields = proc.read_text(f"{pid}/stat").rpartition(")")[2].split()
    group, front = int(fields[2]), int(fields[5])
    return group == front


def _listens(pid: int) -> bool:
    waited: set[str] = set()
    for name in ("tcp", "tcp6", "udp", "udp6"):
        with suppress(FileNotFoundError):
            table = proc.read_text(f"{pid}/net/{name}")
            waited |= {one.inode for one in sockets.waiting(name.rstrip("6"), table)}
    for line in proc.read_text(f"{pid}/net/unix").splitlines()[1:]:
        fields = line.split()
        if int(fields[3], 16) & _LISTENS:
            waited.add(fields[6])
    held = (proc.target(f"{pid}/fd/{number}") for number in proc.names(f"{pid}/fd"))
    return any(one.startswith("socket:[") and one[8:-1] in waited for one in held)


class Still:
    """Strays that were stopped, and go on at the end."""

    def __init__(self) -> None:
        self._stopped: list[tuple[Process, int]] = []

    @property
    def words(self) -> tuple[str, ...]:
        """What was stopped, for people."""
        return tuple(f"{' '.join(one.argv) or one.name} ({one.pid})" for one, _ in self._stopped)

    def stop(self) -> None:
        """Stop them all, and those that they start meanwhile; at once when there are none."""
        if not found():
            return
        time.sleep(random.uniform(*PAUSE))
        for _ in range(5):
            fresh = found()
            for process in fresh:
                # A descriptor of a folder in proc is a handle of its process, from any instance
                # (pidfd_send_signal(2)).
                with suppress(OSError):
                    handle = proc.opened(str(process.pid), os.O_RDONLY | os.O_DIRECTORY)
                    signal.pidfd_send_signal(handle, signal.SIGSTOP)
                    self._stopped.append((process, handle))
            if not fresh:
                return
            time.sleep(0.02)

    def go_on(self) -> None:
        """Have them go on."""
        for _, handle in self._stopped:
            with suppress(OSError):
                signal.pidfd_send_signal(handle, signal.SIGCONT)
            os.close(handle)
        self._stopped.clear()
