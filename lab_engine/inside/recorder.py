"""Runs a program for the learner on a PTY of its own and records it: `recorder.py PLACE ARGV...`.

It runs as root in the bench, between the learner's terminal and the program, so nothing that is
typed into a shell ends the recording: not `unset PROMPT_COMMAND`, not another shell, not a tmux
or a container inside. The recording is asciicast v2 (one JSON line an event: seconds, code, data)
with codes `i` for input, `o` for output, `r` for the size, and `m` for marks of ours, which are
JSON themselves:

    {"mark": "prompt"}                    the shell waits for a command
    {"mark": "command"}                   a program took the terminal
    {"mark": "hidden"}                    input with echo off is not recorded from here on
    {"mark": "exit", "code": CODE}        what the last command ended with, where the prompt tells
    {"mark": "files", "files": {PATH: DIGEST}}   the files below the work folder, when they changed
    {"mark": "end", "code": CODE}         the program ended

It needs only the standard library, so that a shell is there at once.
Source: asciicast v2 (asciinema), termios(3), tty_ioctl(4), OSC 133 (FinalTerm's semantic prompts).
"""

import contextlib
import fcntl
import json
import os
import pwd
import re
import select
import signal
import struct
import sys
import termios
import time
import tty
from collections.abc import Callable
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from work import Work, work_folder  # type: ignore[import-not-found]

FOLDER = Path("/var/lib/infralab/recordings")
LEARNER = "learner"
BUFFER = 65536
LOOK_SECONDS = 0.05
EARLY_LOOKS = 5
OUTPUT_LIMIT = 64 << 20
"""Bytes of output that one recording keeps; after that only input and marks."""
TYPED_LIMIT = 1 << 20
"""Bytes of input that wait for a program to read; more is left to the terminal."""
LAST_SECONDS = 2.0
"""So long the terminal may take nothing before the last output is given up."""
SIGNALS = {
    termios.VINTR: signal.SIGINT,
    termios.VQUIT: signal.SIGQUIT,
    termios.VSUSP: signal.SIGTSTP,
}
TIOCSIG = 0x40045436
"""Signal the program in front, as its terminal does (ioctl_tty(2))."""
TIOCGPTPEER = 0x5441
"""Open the other end of a PTY, whatever is mounted where (ioctl_tty(2))."""
QUIET_SECONDS = 0.25
"""The work folder is looked at when nothing was typed or printed for so long."""
EXIT = re.compile(r"\x1b\]133;D;(\d+)\x07")


class Recording:
    """One asciicast file, written line by line."""

    def __init__(self, place: str, argv: list[str], rows: int, columns: int) -> None:
        FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.began = time.time()
        # In the order of names recordings are in the order of time.
        name = f"{int(self.began * 1000):014d}-{os.getpid()}.cast"
        self._file = os.open(
            FOLDER / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        self._kept = 0
        header = {
            "version": 2,
            "width": columns,
            "height": rows,
            "timestamp": int(self.began),
            "infralab": {"place": place, "argv": argv, "began": self.began},
        }
        os.write(self._file, json.dumps(header).encode() + b"\n")

    def add(self, code: str, data: str) -> None:
        if code == "o":
            self._kept += len(data)
            if self._kept > OUTPUT_LIMIT:
                return
        event = [round(time.time() - self.began, 6), code, data]
        # A full disk must not end the learner's shell.
        with contextlib.suppress(OSError):
            os.write(self._file, json.dumps(event).encode() + b"\n")

    def mark(self, **facts: object) -> None:
        self.add("m", json.dumps(facts))


class Decoder:
    """UTF-8 from pieces that may end in the middle of a character."""

    def __init__(self) -> None:
        self._rest = b""

    def text(self, data: bytes) -> str:
        data = self._rest + data
        cut = len(data)
        for back in range(1, min(4, len(data)) + 1):
            byte = data[-back]
            if byte & 0xC0 == 0x80:
                continue
            length = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            if length > back:
                cut = len(data) - back
            break
        self._rest = data[cut:]
        return data[:cut].decode("utf-8", "replace")


def command_line(pid: int) -> list[str]:
    """What a process was started with; nothing when it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def size_of(fd: int) -> tuple[int, int]:
    """Rows and columns of a terminal, 24 and 80 where it does not say."""
    try:
        rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8)))
    except OSError:
        return 24, 80
    return rows or 24, columns or 80


def set_size(fd: int, rows: int, columns: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def read(fd: int) -> bytes | None:
    """What is there to be read now: None when nothing is, empty when nothing will be."""
    try:
        return os.read(fd, BUFFER)
    except BlockingIOError:
        return None
    except OSError:
        # EIO of a terminal: nobody has its far end open any more.
        return b""


def write(fd: int, data: bytes) -> bytes:
    """Write what goes now; returns the rest. For one that is gone there is none."""
    try:
        return data[os.write(fd, data) :]
    except BlockingIOError:
        return data
    except OSError:
        return b""


def start(argv: list[str]) -> tuple[int, int]:
    """The program as the learner on a new PTY: its pid and the PTY's master."""
    account = pwd.getpwnam(LEARNER)
    pid, master = os.forkpty()
    if pid:
        return pid, master
    # Groups before the user, who may not change them (setgroups(2)).
    os.initgroups(LEARNER, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    keep = ("TERM", "LANG", "COLORTERM")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    environment |= {
        "HOME": account.pw_dir,
        "USER": LEARNER,
        "LOGNAME": LEARNER,
        "SHELL": account.pw_shell,
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    }
    work = Path(account.pw_dir, "work")
    os.chdir(work if work.is_dir() else account.pw_dir)
    try:
        os.execvpe(argv[0], argv, environment)  # noqa: S606
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
        os._exit(127)


class Tap:
    """Carries bytes both ways and records them."""

    def __init__(self, place: str, argv: list[str]) -> None:
        self.recording = Recording(place, argv, *size_of(0))
        self.pid, self.master = start(argv)
        set_size(self.master, *size_of(0))
        self._input, self._output = Decoder(), Decoder()
        self._at_prompt: bool | None = None
        self._early = 0
        self._hidden = False
        self._work = Work(work_folder())
        self._files: dict[str, str] = {}
        self._stirred = time.monotonic()
        self._looked = False
        self._exit = ""
        self._terminal = True
        self._to_program, self._to_terminal = b"", b""

    def resize(self, *_: object) -> None:
        rows, columns = size_of(0)
        set_size(self.master, rows, columns)
        self.recording.add("r", f"{columns}x{rows}")

    def run(self) -> int:
        """Until the program ends. Returns its exit code."""
        signal.signal(signal.SIGWINCH, self.resize)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        old = termios.tcgetattr(0) if os.isatty(0) else None
        if old:
            tty.setraw(0)
        for end in (0, 1, self.master):
            os.set_blocking(end, False)
        try:
            self._carry()
            self._show_the_rest()
        finally:
            for end in (0, 1):
                os.set_blocking(end, True)
            if old:
                with contextlib.suppress(termios.error):
                    termios.tcsetattr(0, termios.TCSADRAIN, old)
        _, status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._look_at_work()
        self.recording.mark(mark="end", code=code)
        return code if code >= 0 else 128 - code

    def _carry(self) -> None:
        """Until the program ends. Nothing here may wait for one side: the other would be locked."""
        while True:
            ears = [0] * (self._terminal and len(self._to_program) < TYPED_LIMIT)
            # Who prints faster than the terminal shows has to wait, as on any terminal.
            ears += [self.master] * (len(self._to_terminal) < BUFFER)
            mouths = [self.master] * bool(self._to_program) + [1] * bool(self._to_terminal)
            ready, can, _ = select.select(ears, mouths, [], LOOK_SECONDS)
            if 0 in ready:
                self._hear()
            if self.master in ready:
                data = read(self.master)
                if data == b"":
                    return
                self._show(data or b"")
            if self.master in can:
                self._to_program = write(self.master, self._to_program)
            if 1 in can:
                self._to_terminal = write(1, self._to_terminal)
            if ready:
                self._stirred, self._looked = time.monotonic(), False
            elif not self._looked and time.monotonic() - self._stirred > QUIET_SECONDS:
                self._look_at_work()
            self._look()
            if not ready and not self._to_terminal and self._ended():
                return

    def _hear(self) -> None:
        data = read(0)
        if data:
            self._typed(data)
        elif data == b"":
            # The terminal is gone. The shell gets a hangup when we end.
            self._terminal = False
            os.kill(self.pid, signal.SIGHUP)

    def _show(self, data: bytes) -> None:
        self._to_terminal = write(1, self._to_terminal + data)
        self._printed(self._output.text(data))

    def _show_the_rest(self) -> None:
        """What was printed last, unless the terminal does not take it."""
        while self._to_terminal and select.select([], [1], [], LAST_SECONDS)[1]:
            self._to_terminal = write(1, self._to_terminal)

    def _ended(self) -> bool:
        """Whether the program has ended. What it left in the background may keep the PTY open."""
        # WNOWAIT: `run` still has to collect it.
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, how) is not None

    def _printed(self, text: str) -> None:
        self.recording.add("o", text)
        # A mark of the prompt may be cut by the end of what was read.
        tail = self._exit + text
        for found in EXIT.finditer(tail):
            self.recording.mark(mark="exit", code=int(found[1]))
        start = tail.rfind("\x1b]")
        self._exit = tail[start:] if start >= 0 and "\x07" not in tail[start:] else ""
        # No mark is as long: what goes on so is another sequence.
        self._exit = self._exit[:32]

    def _look_at_work(self) -> None:
        """Note the files of the work folder when they are not as at the last look."""
        self._looked = True
        files = self._work.look()
        if files != self._files:
            self._files = files
            self.recording.mark(mark="files", files=files)

    def _typed(self, data: bytes) -> None:
        self._look()
        modes = termios.tcgetattr(self.master)[3]
        # Programs that use the whole screen switch the echo off too, but then not line by line.
        hidden = bool(modes & termios.ICANON) and not modes & termios.ECHO
        if hidden and not self._hidden:
            self.recording.mark(mark="hidden")
        self._hidden = hidden
        if not hidden:
            self.recording.add("i", self._input.text(data))
        # Before what waits is looked at, which it may throw away.
        data = self._past_the_jam(data)
        self._to_program = write(self.master, self._to_program + data)

    def _past_the_jam(self, data: bytes) -> bytes:
        """Have Ctrl-C and its kin do what they do, also behind input that nobody reads.

        The kernel acts on them in the order of what was typed, so behind a paste that fills its
        buffer they come to nobody. What they throw away where they are not late, that is the input
        before them, is thrown away here. Returns what of `data` is still to be typed.
        """
        modes = termios.tcgetattr(self.master)
        if not modes[3] & termios.ISIG:
            return data
        keys = {modes[6][key]: number for key, number in SIGNALS.items()}
        last = max((data.rfind(key) for key in keys if key != b"\0"), default=-1)
        if last < 0 or not self._jammed():
            return data
        self._to_program = b""
        with contextlib.suppress(OSError, termios.error):
            # First what is on its way, then what has come and is not read.
            termios.tcflush(self.master, termios.TCOFLUSH)
            self._with_slave(lambda slave: termios.tcflush(slave, termios.TCIFLUSH))
            fcntl.ioctl(self.master, TIOCSIG, keys[data[last : last + 1]])
        return data[last + 1 :]

    def _jammed(self) -> bool:
        """Whether there is input that the program has not read."""
        if self._to_program:
            return True
        waiting = bytearray(4)
        with contextlib.suppress(OSError):
            self._with_slave(lambda slave: fcntl.ioctl(slave, termios.FIONREAD, waiting))
        return bool(int.from_bytes(waiting, sys.byteorder))

    def _with_slave(self, act: Callable[[int], object]) -> None:
        """For a moment only: while it is open, the end of the program would not be seen."""
        slave = fcntl.ioctl(self.master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            act(slave)
        finally:
            os.close(slave)

    def _look(self) -> None:
        """Note when the terminal goes from the shell to a program and back."""
        try:
            group = os.tcgetpgrp(self.master)
        except OSError:
            return
        at_prompt = group == self.pid
        if at_prompt is self._at_prompt:
            return
        words = command_line(group)
        if not at_prompt and self._early < EARLY_LOOKS and words in ([], command_line(self.pid)):
            # A copy of the shell, which is about to become the program.
            self._early += 1
            return
        self._at_prompt, self._early = at_prompt, 0
        if at_prompt:
            self.recording.mark(mark="prompt")
        else:
            self.recording.mark(mark="command")


def main() -> int:
    if len(sys.argv) < 3:
        sys.stderr.write("usage: recorder.py PLACE ARGV...\n")
        return 2
    return Tap(sys.argv[1], sys.argv[2:]).run()


if __name__ == "__main__":
    sys.exit(main())
