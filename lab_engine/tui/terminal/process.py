"""A program on a PTY of its own, read by the event loop."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import pty
import shutil
import signal
import struct
import termios
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from lab_engine.common import tasks
from lab_engine.errors import BenchError

CHUNK: Final = 65536
GRACE: Final = 1.0
"""Seconds between a hang-up and a kill."""


class PtyProcess:
    """Make one with `start`. Use it from its event loop.

    Args:
        pid: the process.
        master: our end of the PTY.
        on_data: gets what it writes.
        on_exit: gets its exit code (128 + the signal's number when a signal ended it).
    """

    def __init__(
        self,
        pid: int,
        master: int,
        on_data: Callable[[bytes], None],
        on_exit: Callable[[int], None],
    ) -> None:
        self.pid = pid
        self._master = master
        self._on_data = on_data
        self._on_exit = on_exit
        self._loop = asyncio.get_running_loop()
        self._unsent = bytearray()
        self._writing = False
        self._reading = False
        self._ending: asyncio.Task[None] | None = None
        self._closed = False
        self.resume()

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        *,
        columns: int,
        rows: int,
        on_data: Callable[[bytes], None],
        on_exit: Callable[[int], None],
        environment: Mapping[str, str] | None = None,
    ) -> PtyProcess:
        """Start `argv` with a terminal of that size. Raises BenchError when it is not there.

        posix_spawn, and not a fork of this process with its threads. The child becomes a session
        leader first and then opens the terminal, which so becomes its controlling one.
        """
        program = shutil.which(argv[0])
        if program is None:
            raise BenchError(
                f"there is no `{argv[0]}` command on this machine",
                hint="`infralab doctor` says what is missing.",
            )
        master, slave = pty.openpty()
        try:
            name = os.ttyname(slave)
            _set_size(master, columns, rows)
            pid = os.posix_spawn(
                program,
                list(argv),
                dict(os.environ if environment is None else environment),
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, name, os.O_RDWR, 0),
                    (os.POSIX_SPAWN_DUP2, 0, 1),
                    (os.POSIX_SPAWN_DUP2, 0, 2),
                ],
                setsid=True,
                setsigmask=(),
                # Python ignores SIGPIPE, and what is ignored stays so through an exec (signal(7)).
                setsigdef=(signal.SIGPIPE, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP),
            )
        except OSError as error:
            os.close(master)
            raise BenchError(f"`{argv[0]}` cannot be started: {error.strerror}") from error
        finally:
            # With an end of our own open, reading would never tell that the program's is gone.
            os.close(slave)
        os.set_blocking(master, False)
        return cls(pid, master, on_data, on_exit)

    # -- output ----------------------------------------------------------------------------------

    def pause(self) -> None:
        """Stop reading: the program is held back once the PTY is full."""
        if self._reading:
            self._loop.remove_reader(self._master)
            self._reading = False

    def resume(self) -> None:
        if not self._reading and not self._closed and self._ending is None:
            self._loop.add_reader(self._master, self._readable)
            self._reading = True

    def _readable(self) -> None:
        try:
            data = os.read(self._master, CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            # What Linux answers once nobody has the far end open any more.
            if error.errno != errno.EIO:
                raise
            data = b""
        if data:
            self._on_data(data)
            return
        self.pause()
        self._ending = tasks.begin(self._reap(hang_up=False))

    # -- input -----------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send input; what the PTY does not take at once is kept and sent when it does."""
        if self._closed:
            return
        self._unsent += data
        self._writable()

    def _writable(self) -> None:
        try:
            while self._unsent:
                sent = os.write(self._master, self._unsent[:CHUNK])
                del self._unsent[:sent]
        except BlockingIOError:
            if not self._writing:
                self._loop.add_writer(self._master, self._writable)
                self._writing = True
            return
        except OSError:
            # The other end is gone; reading tells so, too.
            self._unsent.clear()
        self._stop_writing()

    def _stop_writing(self) -> None:
        if self._writing:
            self._loop.remove_writer(self._master)
            self._writing = False

    def resize(self, columns: int, rows: int) -> None:
        if not self._closed:
            _set_size(self._master, columns, rows)

    # -- end -------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Hang up, and wait for the end; kill it when it does not go."""
        if self._ending is None:
            self._ending = tasks.begin(self._reap(hang_up=True))
        # Who waits may be cancelled; the end goes on.
        await asyncio.shield(self._ending)

    async def _reap(self, *, hang_up: bool) -> None:
        self.pause()
        self._stop_writing()
        if hang_up:
            self._on_exit = lambda _: None
            with suppress(ProcessLookupError):
                # To the leader alone: when it ends, the kernel hangs up on the programs in front
                # (setsid(2)).
                os.kill(self.pid, signal.SIGHUP)
        code = await self._ended(GRACE if hang_up else None)
        self._closed = True
        os.close(self._master)
        self._on_exit(code)

    def _poll(self) -> tuple[int, int]:
        return os.waitpid(self.pid, os.WNOHANG)

    async def _ended(self, grace: float | None) -> int:
        """Wait without a thread: children end rarely, and then at once."""
        deadline = None if grace is None else self._loop.time() + grace
        pause = 0.002
        while True:
            try:
                pid, status = self._poll()
            except ChildProcessError:
                # Somebody else has collected it.
                return 0
            if pid:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
            if deadline is not None and self._loop.time() > deadline:
                os.kill(self.pid, signal.SIGKILL)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.1)


def _set_size(descriptor: int, columns: int, rows: int) -> None:
    size = struct.pack("HHHH", max(rows, 1), max(columns, 1), 0, 0)
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, size)
