"""Processes as /proc lists them (proc(5)), and how to end a whole tree of them."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

TICKS = os.sysconf("SC_CLK_TCK")
POLL_SECONDS = 0.02
EXEC_LOOKS = 50
EXEC_SECONDS = 0.002


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
    folder = Path(f"/proc/{pid}")
    try:
        stat = (folder / "stat").read_text(errors="replace")
        words = (folder / "cmdline").read_bytes().split(b"\0")
        status = (folder / "status").read_text(errors="replace")
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


def every() -> dict[int, Process]:
    """All processes that the agent sees, by number."""
    found = (read(int(entry.name)) for entry in os.scandir("/proc") if entry.name.isdecimal())
    return {process.pid: process for process in found if process is not None}


def environment(pid: int) -> dict[str, str]:
    """The variables with which the process was started; empty when it cannot be read."""
    raw = b""
    for _ in range(EXEC_LOOKS):
        try:
            raw = Path(f"/proc/{pid}/environ").read_bytes()
            if raw:
                break
            # A zombie and a kernel thread have no program. What has one and no variables is just
            # being replaced by another program (execve), which shows them in a moment.
            Path(f"/proc/{pid}/exe").readlink()
        except OSError:
            return {}
        time.sleep(EXEC_SECONDS)
    pairs = (item.decode(errors="replace").partition("=") for item in raw.split(b"\0") if item)
    return {name: value for name, _, value in pairs}


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
