"""Types recorded input into fresh shells, in a bench, as root: JSON lines in, JSON lines out.

    {"shell": 0, "open": ARGV, "rows": 24, "columns": 80}      a shell on a PTY of its own
    {"shell": 0, "size": [24, 80]}                             its size
    {"shell": 0, "type": TEXT, "prompt": true, "busy": false, "limit": 5.0, "tail": TEXT}

After `type` it waits for what the recording showed before the next input: `prompt` says that the
shell waited for a command then, else a program had the terminal, whose output ended with `tail`;
`busy` says that a program had the terminal in between. Each line is answered with
`{"output": TEXT, "reached": BOOL, "alive": BOOL}`. It needs only the standard library.
"""

import json
import os
import re
import select
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from recorder import BUFFER, Decoder, set_size, start  # type: ignore[import-not-found]

QUIET_AT_PROMPT = 0.06
QUIET_IN_PROGRAM = 0.2
BUSY_SECONDS = 0.3
NOISE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[()=>].?|[0-9a-f]{6,}|\d+|\s+")


class Shell:
    """One program on a PTY, with what it printed since the last input."""

    def __init__(self, argv: list[str], rows: int, columns: int) -> None:
        self.pid, self.master = start(argv)
        set_size(self.master, rows, columns)
        self._decoder = Decoder()
        self.output = ""
        self.alive = True
        self.quiet_since = time.monotonic()
        self.was_busy = False

    def read(self, seconds: float) -> None:
        """Take what it prints within `seconds`."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return
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

    def type(self, text: str) -> None:
        self.output = ""
        self.was_busy = False
        data = text.encode()
        while data:
            data = data[os.write(self.master, data) :]
            self.read(0)
        self.quiet_since = time.monotonic()

    def wait(self, *, prompt: bool, busy: bool, limit: float, tail: str) -> bool:
        """Until it is as it was in the recording. False when that took longer than `limit`."""
        began = time.monotonic()
        wanted = NOISE.sub("", tail)[-40:]
        while self.alive and time.monotonic() - began < limit:
            self.read(0.01)
            at_prompt = self.at_prompt()
            self.was_busy = self.was_busy or not at_prompt
            quiet = time.monotonic() - self.quiet_since
            if prompt:
                begun = self.was_busy or not busy or time.monotonic() - began > BUSY_SECONDS
                if at_prompt and begun and quiet > QUIET_AT_PROMPT:
                    return True
            elif not at_prompt and quiet > QUIET_IN_PROGRAM:
                if NOISE.sub("", self.output).endswith(wanted):
                    return True
                if quiet > max(1.0, limit / 3):
                    return True
        return not self.alive


def main() -> int:
    shells: dict[int, Shell] = {}
    for line in sys.stdin:
        order = json.loads(line)
        number = order["shell"]
        reached = True
        if "open" in order:
            shells[number] = Shell(order["open"], order["rows"], order["columns"])
            shells[number].wait(prompt=True, busy=False, limit=5.0, tail="")
        shell = shells[number]
        if "size" in order:
            set_size(shell.master, *order["size"])
        if "type" in order and shell.alive:
            shell.type(order["type"])
            reached = shell.wait(
                prompt=order["prompt"],
                busy=order["busy"],
                limit=order["limit"],
                tail=order["tail"],
            )
        answer = {"output": shell.output, "reached": reached, "alive": shell.alive}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
