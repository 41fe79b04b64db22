"""Processes as the kernel lists them (proc(5)), and how to end a whole tree of them."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import re
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from lab_engine.kernel import proc

TICKS = os.sysconf("SC_CLK_TCK")
POLL_SECONDS = 0.02
EXEC_LOOKS = 50
EXEC_SECONDS = 0.002
NAMESPACES: Final = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")
CONTAINER: Final = re.compile(r"/docker[/-]([0-9a-f]{64})(?:\.scope)?(?=/|$)", re.MULTILINE)


class Process(msgspec.Struct, frozen=True):
    """One process.

    `uid` is the effective one. `start` is in clock ticks since boot, and tells two apart that had
    the same number one after the other.
    """

    pid: int
    parent: int
    name: str
    argv: tuple[str, ...]
    uid: int
    state: str
    session: int
    start: int

    @property
    def ended(self) -> bool:
        """Whether it is only an entry that waits for its parent to collect it."""
        return self.state in ("Z", "X")

    @property
    def user(self) -> str:
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)


def of_pidfile(path: str | Path) -> Process | None:
    """The process whose number the file holds; None without the file, or when it has ended."""
    try:
        found = read(int(Path(path).read_text()))
    except (FileNotFoundError, ValueError):
        return None
    return None if found is None or found.ended else found


def read(pid: int) -> Process | None:
    """The process, or None when there is none (any more)."""
    try:
        stat = proc.read_text(f"{pid}/stat")
        words = proc.read_bytes(f"{pid}/cmdline").split(b"\0")
        status = proc.read_text(f"{pid}/status")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name stands in brackets and may itself hold brackets and blanks.
    opened, closed = stat.index("("), stat.rindex(")")
    fields = stat[closed + 2 :].split()
    return Process(
        pid,
        int(fields[1]),
        stat[opened + 1 : closed],
        tuple(word.decode(errors="replace") for word in words[:-1]),
        int(status[status.index("\nUid:") :].split(maxsplit=3)[2]),
        fields[0],
        int(fields[3]),
        int(fields[19]),
    )


def of_name(name: str) -> Process | None:
    """The process `<pid>-<start>`; None when there is none any more, or the name is no such one."""
    pid, _, start = name.partition("-")
    found = read(int(pid)) if pid.isdecimal() else None
    return found if found is not None and str(found.start) == start else None


def every() -> dict[int, Process]:
    """All processes that the agent sees, by number."""
    found = (read(pid) for pid in proc.pids())
    return {process.pid: process for process in found if process is not None}


def newest() -> int:
    """The number that a process or a thread in the bench was given last (proc_loadavg(5))."""
    return int(proc.read_text("loadavg").split()[-1])


def namespaces(pid: int | str) -> dict[str, int]:
    """Kind to inode number of each namespace (namespaces(7)); empty for a process that is gone.

    Kinds that this kernel lacks are left out. `pid` may be `thread-self`.
    """
    found = {}
    for kind in NAMESPACES:
        with contextlib.suppress(OSError):
            found[kind] = proc.inode(f"{pid}/ns/{kind}")
    return found


def container(pid: int) -> str:
    """The id of the container of the bench's engine that a process runs in; empty for none.

    By its control group, whose path ends in the container's id in cgroup v1 and v2 alike
    (`/docker/ID`, or `docker-ID.scope` where systemd keeps them).
    """
    try:
        text = proc.read_text(f"{pid}/cgroup")
    except OSError:
        return ""
    found = CONTAINER.search(text)
    return found[1] if found else ""


def environment(pid: int) -> dict[str, str]:
    """The variables with which the process was started; empty when it cannot be read."""
    raw = b""
    for _ in range(EXEC_LOOKS):
        try:
            raw = proc.read_bytes(f"{pid}/environ")
            if raw:
                break
        except OSError:
            return {}
        # What has a program and no variables is just being replaced by another one (execve), which
        # shows them in a moment.
        if not has_program(pid):
            return {}
        time.sleep(EXEC_SECONDS)
    pairs = (item.decode(errors="replace").partition("=") for item in raw.split(b"\0") if item)
    return {name: value for name, _, value in pairs}


def has_program(pid: int) -> bool:
    """Whether there is a program in the process: one that ends gives it up before all else.

    Until its parent hears of its end (which can take long: the first one of a PID namespace waits
    for all others there), it has no words and no variables, and nobody can tell whose it was.
    """
    try:
        os.readlink(f"{pid}/exe", dir_fd=proc.root())
    except (FileNotFoundError, ProcessLookupError):
        return False
    except PermissionError:
        # It is there, and not to be looked into.
        return True
    return True


def descendants(pids: Iterable[int], among: dict[int, Process]) -> set[int]:
    """`pids` and all their children's children."""
    children: dict[int, list[int]] = {}
    for process in among.values():
        children.setdefault(process.parent, []).append(process.pid)
    found: set[int] = set()
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting.extend(children.get(pid, ()))
    return found


def send(process: Process, number: signal.Signals) -> None:
    """Send a signal to exactly this process, never to a later one with the same number."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        # Linux before 5.3 has no handles for processes; a number is all there is.
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
        return
    try:
        # After the handle was had: who has the number now is whom the handle means.
        now = read(process.pid)
        if now is not None and now.start == process.start:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number)
    finally:
        os.close(handle)


def end(members: Callable[[], Iterable[Process]], *, polite: float, limit: float) -> list[Process]:
    """End all of `members`, asked again each time since processes start others.

    SIGTERM (and SIGCONT, for stopped ones) first, SIGKILL after `polite` seconds.

    Returns:
        What is still there after `limit` seconds: empty unless the kernel holds one.
    """
    began = time.monotonic()
    asked: set[tuple[int, int]] = set()
    while True:
        alive = [process for process in members() if not process.ended]
        passed = time.monotonic() - began
        if not alive or passed > limit:
            return alive
        for process in alive:
            if passed >= polite:
                send(process, signal.SIGKILL)
            elif (process.pid, process.start) not in asked:
                asked.add((process.pid, process.start))
                send(process, signal.SIGTERM)
                send(process, signal.SIGCONT)
        time.sleep(POLL_SECONDS)
