"""Types recorded input into fresh shells, in a bench, as root: JSON lines in, JSON lines out.

    {"shell": 0, "open": ARGV, "rows": 24, "columns": 80}      a shell on a PTY of its own
    {"shell": 0, "size": [24, 80]}                             its size
    {"shell": 0, "type": TEXT, "prompt": true, "busy": false, "prompts": 1, "limit": 5.0,
     "tail": TEXT, "pause": 0.3}
    {"files": true}                                            the files below the work folder

After `type` it waits for what the recording showed before the next input: `prompt` says that the
shell waited for a command then, else a program had the terminal, whose output ended with `tail`;
`busy` says that a program had the terminal in between; `prompts` is how many prompts with an exit
code were printed. Then it waits for `pause` seconds more. Each line is answered with
`{"late": TEXT, "output": TEXT, "codes": [CODE], "reached": BOOL, "alive": BOOL}`, where `late` was
printed after the answer before, and `files` with `{"files": {PATH: DIGEST}}`. It needs only the
standard library.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from prompts import Heard, answer  # type: ignore[import-not-found]
from recorder import BUFFER, EXIT, Decoder, set_size, start  # type: ignore[import-not-found]
from work import Work, work_folder  # type: ignore[import-not-found]


class Shell(Heard):  # type: ignore[misc]
    """One program on a PTY, with what it printed since the last input."""

    def __init__(self, argv: list[str], rows: int, columns: int) -> None:
        super().__init__()
        self.output: str
        self.pid, self.master = start(argv)
        set_size(self.master, rows, columns)
        self._decoder = Decoder()
        self.told = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        """Take all that it prints at all times: a full terminal would stop a program in it."""
        while True:
            try:
                data = os.read(self.master, BUFFER)
            except OSError:
                data = b""
            if not data:
                self.alive = False
                return
            self.output += self._decoder.text(data)
            self.quiet_since = time.monotonic()

    def at_prompt(self) -> bool:
        try:
            return bool(os.tcgetpgrp(self.master) == self.pid)
        except OSError:
            return False

    def type(self, text: str) -> str:
        """Returns what was printed since it was answered for the last time."""
        late = self.output[self.told :]
        self.output = ""
        self.was_busy = False
        data = text.encode()
        while data:
            data = data[os.write(self.master, data) :]
        self.quiet_since = time.monotonic()
        return late

    def codes(self) -> list[int]:
        """What the prompts since the last input said that commands ended with."""
        return [int(code) for code in EXIT.findall(self.output)]

    def look(self) -> None:
        """Nothing to do: it is taken when it comes."""


def main() -> int:
    shells: dict[int, Shell] = {}
    work = Work(work_folder())
    for line in sys.stdin:
        order = json.loads(line)
        if "files" in order:
            answer({"files": work.look()})
            continue
        number = order["shell"]
        reached, late = True, ""
        if "open" in order:
            shells[number] = Shell(order["open"], order["rows"], order["columns"])
            shells[number].wait(prompt=True, busy=False, prompts=1, limit=6.0, tail="")
        shell = shells[number]
        if "size" in order:
            set_size(shell.master, *order["size"])
        if "type" in order and shell.alive:
            late = shell.type(order["type"])
            reached = shell.wait(
                prompt=order["prompt"],
                busy=order["busy"],
                prompts=order["prompts"],
                limit=order["limit"],
                tail=order["tail"],
            )
            time.sleep(order["pause"])
        shell.told = len(shell.output)
        answer(
            {
                "late": late,
                "output": shell.output[: shell.told],
                "codes": shell.codes(),
                "reached": reached,
                "alive": shell.alive,
            }
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
