"""How much of the machine's disk a bench fills, and what happens above its limit (agent side).

Docker limits a container's files only with project quotas, which few machines have. So the agent
watches. A bench can have grown by no more than the disk has lost: that costs one system call a
second, and only when it may be too much all files are counted. Then programs that write are paused
(SIGSTOP, so that a shell gives its prompt back), until enough was removed. A daemon of the bench is
not paused, since it is needed for removing: while it writes, the programs that send it something
are, such as `docker load`.

What is written in the second or two until then is not held back, what `fallocate` takes is not
written by anybody, and what a daemon writes by itself goes on (`docker commit`).
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from lab_engine.families import machinery
from lab_engine.kernel import proc, processes
from lab_engine.kernel.processes import Process
from lab_engine.shown import shown

log = logging.getLogger(__name__)

PLACES: Final = ("/", "/var/lib/docker", "/var/lib/infralab")
"""Where a bench's files lie on the machine's disk: its own layer, and its two volumes."""
LOOK_SECONDS: Final = 1.0
SAMPLE_SECONDS: Final = 0.2
COUNT_SECONDS: Final = 600.0
"""Others on the machine may have removed what a bench has written meanwhile: it is counted so often
at least."""
COUNT_LIMIT: Final = 120.0
WRITER: Final = 1 << 20
"""What has written or sent so many bytes in SAMPLE_SECONDS is paused."""
LARGEST: Final = 3
BLOCK: Final = 512
"""The unit of st_blocks (stat(3type)) and of `%b` (find(1))."""


class Used(NamedTuple):
    """Bytes on the disk, and the largest files with theirs."""

    total: int
    largest: tuple[tuple[int, str], ...] = ()


class Moved(NamedTuple):
    """Bytes that a process has sent to a disk, and to anything at all (proc_pid_io(5))."""

    disk: int = 0
    sent: int = 0


class Room:
    """Keeps the bench below `limit` bytes of disk, from `watch` on.

    Args:
        limit: in bytes.
        since: when the bench was made, in seconds of the epoch: what is older is the image's.
        fresh: whether nothing can have been written yet.
    """

    def __init__(self, limit: int, since: float, *, fresh: bool) -> None:
        self.limit = limit
        self._since = since
        self._used = 0 if fresh else limit
        self._free = _free()
        self._counted = time.monotonic()
        self._paused: dict[int, Process] = {}
        self._over = False

    async def watch(self) -> None:
        """Look until it is cancelled."""
        while True:
            try:
                if self._due():
                    await self._look()
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                log.warning("what the bench fills was not counted: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    def _due(self) -> bool:
        return (
            self._over
            or self._free - _free() >= self.limit - self._used
            or time.monotonic() - self._counted > COUNT_SECONDS
        )

    async def _look(self) -> None:
        free = _free()
        used = await asyncio.to_thread(count, self._since)
        self._used, self._free, self._counted = used.total, free, time.monotonic()
        if used.total > self.limit:
            await self._hold(used)
        elif self._over:
            self._go_on(used)

    async def _hold(self, used: Used) -> None:
        before = await asyncio.to_thread(_moved)
        await asyncio.sleep(SAMPLE_SECONDS)
        after = await asyncio.to_thread(_moved)
        among = processes.every()
        spared = {pid for pid in machinery.pids(among) if not _is_learners(among[pid])}
        # What is new since the first look has moved all of it since then.
        new = Moved()
        writing = {pid for pid, now in after.items() if _much(now.disk - before.get(pid, new).disk)}
        if writing & spared:
            sending = (
                pid for pid, now in after.items() if _much(now.sent - before.get(pid, new).sent)
            )
            writing |= {pid for pid in sending if _is_connected(pid)}
        found = [among[pid] for pid in writing - spared if pid in among and pid not in self._paused]
        for process in found:
            processes.send(process, signal.SIGSTOP)
            self._paused[process.pid] = process
        if found or not self._over:
            self._over = True
            tell(among, self._words(used, found))

    def _words(self, used: Used, found: Iterable[Process]) -> str:
        paused = ", ".join(f"{process.name} (process {process.pid})" for process in found)
        largest = "".join(f"\n  {_gib(size):>9}  {path}" for size, path in used.largest)
        return (
            f"infralab: this bench fills {_gib(used.total)} of disk, and it may fill "
            f"{_gib(self.limit)} (`bench_disk`).\n"
            + (f"Paused, since it writes: {paused}.\n" if paused else "")
            + "Remove what you do not need; what is paused goes on then. "
            + f"The largest files:{largest}"
        )

    def _go_on(self, used: Used) -> None:
        for process in self._paused.values():
            processes.send(process, signal.SIGCONT)
        self._over, self._paused = False, {}
        tell(
            processes.every(),
            f"infralab: the bench fills {_gib(used.total)} now; what was paused goes on.",
        )


def count(since: float) -> Used:
    """What the bench has put on the disk since it was made. Raises OSError, SubprocessError."""
    done = subprocess.run(
        # Not nice for itself: whoever fills the disk may leave the machine no time.
        ["find", *PLACES, "-xdev", "-newerct", f"@{since:.0f}", "-printf", "%b %D:%i %n %p\\0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=COUNT_LIMIT,
        # What goes while it looks makes it end with 1.
        check=False,
    )
    total = 0
    linked: set[str] = set()
    largest: list[tuple[int, str]] = []
    for line in done.stdout.decode(errors="replace").split("\0")[:-1]:
        blocks, identity, links, path = line.split(" ", 3)
        if links != "1":
            if identity in linked:
                continue
            linked.add(identity)
        size = int(blocks) * BLOCK
        total += size
        heapq.heappush(largest, (size, path))
        if len(largest) > LARGEST:
            heapq.heappop(largest)
    return Used(total + _without_name(), tuple(sorted(largest, reverse=True)))


def _without_name() -> int:
    """Bytes of files that were removed and are still open: they go with their last descriptor."""
    devices = {Path(place).stat().st_dev for place in PLACES}
    found: dict[tuple[int, int], int] = {}
    for pid in proc.pids():
        try:
            numbers = proc.names(f"{pid}/fd")
        except OSError:
            continue
        for number in numbers:
            try:
                about = os.stat(f"{pid}/fd/{number}", dir_fd=proc.root())
            except OSError:
                continue
            if about.st_nlink == 0 and about.st_dev in devices and stat.S_ISREG(about.st_mode):
                found[about.st_dev, about.st_ino] = about.st_blocks * BLOCK
    return sum(found.values())


def _moved() -> dict[int, Moved]:
    found = {}
    for pid in proc.pids():
        try:
            lines = proc.read_text(f"{pid}/io").splitlines()
        except OSError:
            continue
        values = dict(line.split(": ") for line in lines)
        found[pid] = Moved(int(values["write_bytes"]), int(values["wchar"]))
    return found


def _much(size: int) -> bool:
    return size >= WRITER


def _is_connected(pid: int) -> bool:
    """Whether it has a socket, without which it can send a daemon nothing."""
    try:
        numbers = proc.names(f"{pid}/fd")
    except OSError:
        return False
    return any(proc.target(f"{pid}/fd/{number}").startswith("socket:") for number in numbers)


def _is_learners(process: Process) -> bool:
    """Whether it does a learner's work although a daemon keeps it: a guest, or in a container."""
    return process.name.startswith("qemu-system") or bool(processes.container(process.pid))


def tell(among: dict[int, Process], words: str) -> None:
    """Write to every terminal in which a learner has a shell."""
    log.warning("%s", words)
    # A file's name must not steer the terminals of those who did not make it.
    text = "".join(f"\r\n{shown(line)}" for line in words.splitlines()) + "\r\n"
    for terminal in {proc.target(f"{pid}/fd/0") for pid in machinery.shells(among)}:
        if not terminal.startswith("/dev/pts/"):
            continue
        try:
            # One that was stopped with Ctrl-S takes nothing, and is not waited for.
            descriptor = os.open(terminal, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            os.write(descriptor, text.encode())
        except OSError as error:
            log.info("%s: %s", terminal, error)
        finally:
            os.close(descriptor)


def _free() -> int:
    about = os.statvfs(PLACES[-1])
    return about.f_bfree * about.f_frsize


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB" if size >= 1 << 29 else f"{size / (1 << 20):.0f} MiB"
