"""Looks at a learner's recorded shell while it is used: JSON lines in, JSON lines out, as root.

    {"find": NAME, "limit": 5.0}   the shell in tmux session NAME, once it waits for a command
    {"listen": true}               forget what was printed so far; what is typed next counts
    {"wait": 1, "limit": 1.0}      until so many prompts were printed (0: until it is quiet)

`find` is answered with `{"found": BOOL, "free": BOOL, "clean": BOOL, "home": BOOL, "runs": NAME}`:
whether there is such a shell, whether it has its terminal for itself, whether it waits for a
command at the bench's own prompt with nothing typed yet, whether it is in the work folder, and
which program has the terminal.
The others with `{"reached": BOOL, "idle": BOOL, "alive": BOOL, "clean": BOOL, "codes": [CODE]}`. It
reads what the recorder writes and never touches the shell. It needs only the standard library.
"""

import json
import pwd
import subprocess
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from prompts import PAUSE, Heard, answer  # type: ignore[import-not-found]
from recorder import FOLDER, LEARNER, command_line  # type: ignore[import-not-found]
from work import work_folder  # type: ignore[import-not-found]

SOCKET = "infralab"
TMUX_SECONDS = 5
IDLE_SECONDS = 10.0
ENDS = ("\r", "\n", "\x03", "\x04")
"""Keys that a prompt answers."""


def numbers(pid: int) -> tuple[int, int]:
    """The parent of a process and the foreground group of its terminal; 0 where it has gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0, 0
    fields = stat.rpartition(")")[2].split()
    return int(fields[1]), int(fields[5])


def tmux(*words: str) -> str:
    """What tmux says on the learner's socket; nothing when it has nothing to say."""
    # By its path: root's tmux would look in the folder of root's own number.
    socket = f"/tmp/tmux-{pwd.getpwnam(LEARNER).pw_uid}/{SOCKET}"  # noqa: S108
    done = subprocess.run(
        ["/usr/bin/tmux", "-S", socket, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=TMUX_SECONDS,
    )
    return done.stdout.strip()


class Follower(Heard):  # type: ignore[misc]
    """One recorded shell, known by the process of its recorder."""

    def __init__(self, recorder: int, shell: int, cast: Path) -> None:
        super().__init__()
        self.recorder, self.shell = recorder, shell
        self._file = cast.open(encoding="utf-8")
        self._rest = ""
        self._codes: list[int] = []
        self._owed = True
        self._pending = False
        self._ours = False

    def look(self) -> None:
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        for line in lines:
            event = json.loads(line)
            if isinstance(event, list):
                self._take(event[1], event[2])
        if numbers(self.shell)[0] != self.recorder:
            self.alive = False

    def _take(self, code: str, data: str) -> None:
        if code == "i":
            # What is typed ahead, and what a terminal answers to a program, is in the next line.
            self._pending = data[-1:] not in ENDS
            self._owed = self._owed or not self._pending
            self._ours = False
        elif code == "o":
            self.quiet_since = time.monotonic()
        elif code == "m":
            mark = json.loads(data)
            # A shell that is given another size prints its prompt again: that answers no key.
            if mark["mark"] == "exit" and self._owed:
                self._codes.append(mark["code"])
                self._ours, self._owed = True, False

    def close(self) -> None:
        self._file.close()

    def listen(self) -> None:
        """Count from here on."""
        self.look()
        self._codes = []
        self._owed = False
        self.was_busy = False
        self.quiet_since = time.monotonic()

    def at_prompt(self) -> bool:
        return numbers(self.shell)[1] == self.shell

    def codes(self) -> list[int]:
        return self._codes

    @property
    def idle(self) -> bool:
        """Whether the shell has had the terminal for a while, and printed nothing."""
        return self.at_prompt() and time.monotonic() - self.quiet_since > IDLE_SECONDS

    def waits(self) -> bool:
        """Whether it waits for a command, and nothing was typed since its prompt."""
        return self._ours and not self._pending and self.at_prompt()

    @property
    def home(self) -> bool:
        try:
            return Path(f"/proc/{self.shell}/cwd").samefile(work_folder())
        except OSError:
            return False

    @property
    def runs(self) -> str:
        """The program that has the terminal."""
        words = command_line(numbers(self.shell)[1])
        return Path(words[0]).name if words else ""


def find(name: str) -> Follower | None:
    """The shell of a tmux session, when it is there already."""
    # `=`: this very session, not one whose name begins so (tmux(1)).
    pane = tmux("list-panes", "-t", f"={name}:", "-F", "#{pane_pid}").partition("\n")[0]
    if not pane.isdigit():
        return None
    parents = {int(path.name): numbers(int(path.name))[0] for path in Path("/proc").glob("[0-9]*")}
    for pid in parents:
        above = pid
        while above and above != int(pane):
            above = parents.get(above, 0)
        # A number may come again; the name begins with the time, so the last one is meant.
        casts = list(FOLDER.glob(f"*-{pid}.cast"))
        shells = [child for child, parent in parents.items() if parent == pid]
        if above and casts and shells and "recorder.py" in " ".join(command_line(pid)):
            return Follower(pid, shells[0], max(casts))
    return None


def await_free(name: str, limit: float) -> Follower | None:
    """The shell of a tmux session once it waits for a command, or as it is after `limit`."""
    end = time.monotonic() + limit
    found = None
    while True:
        found = found or find(name)
        if found:
            found.look()
        if (found and found.waits()) or time.monotonic() > end:
            return found
        # To find it takes a run of tmux and a walk over /proc each time.
        time.sleep(PAUSE if found else 10 * PAUSE)


def main() -> int:
    shell: Follower | None = None
    for line in sys.stdin:
        order = json.loads(line)
        if "find" in order:
            if shell:
                shell.close()
            shell = await_free(order["find"], order["limit"])
            if shell:
                # Whoever scrolled back would not see what is typed, nor would the shell get it.
                pane = f"={order['find']}:"
                tmux("if", "-F", "-t", pane, "#{pane_in_mode}", f"send-keys -t {pane} -X cancel")
            answer(
                {
                    "found": bool(shell),
                    "free": bool(shell and shell.at_prompt()),
                    "clean": bool(shell and shell.waits()),
                    "home": bool(shell and shell.home),
                    "runs": shell.runs if shell else "",
                }
            )
            continue
        if shell is None:
            answer({"reached": False, "idle": False, "alive": False, "clean": False, "codes": []})
            continue
        reached = True
        if "listen" in order:
            shell.listen()
        if "wait" in order:
            reached = shell.wait(
                prompt=True, busy=False, prompts=order["wait"], limit=order["limit"], tail=""
            )
        answer(
            {
                "reached": reached and shell.alive,
                "idle": shell.idle,
                "alive": shell.alive,
                "clean": shell.waits(),
                "codes": shell.codes(),
            }
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
