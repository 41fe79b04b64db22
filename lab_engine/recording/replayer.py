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
import re
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from recorder import BUFFER, EXIT, Decoder, set_size, start  # type: ignore[import-not-found]
from work import Work, work_folder  # type: ignore[import-not-found]

QUIET_AFTER_PROMPT = 0.03
QUIET_AT_PROMPT = 0.12
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

    def wait(self, *, prompt: bool, busy: bool, prompts: int, limit: float, tail: str) -> bool:
        """Until it is as it was in the recording. False when that took longer than `limit`."""
        began = time.monotonic()
        wanted = NOISE.sub("", tail)[-40:]
        while self.alive and time.monotonic() - began < limit:
            time.sleep(0.01)
            at_prompt = self.at_prompt()
            self.was_busy = self.was_busy or not at_prompt
            quiet = time.monotonic() - self.quiet_since
            if at_prompt >= prompt and prompts and len(self.codes()) >= prompts:
                if quiet > QUIET_AFTER_PROMPT:
                    return True
            elif prompt:
                begun = self.was_busy or not busy or time.monotonic() - began > BUSY_SECONDS
                enough = max(1.0, limit / 6) if prompts else QUIET_AT_PROMPT
                if at_prompt and begun and quiet > enough:
                    return not prompts
            elif quiet > QUIET_IN_PROGRAM:
                if not at_prompt and NOISE.sub("", self.output).endswith(wanted):
                    return True
                # It was typed ahead, or what it printed is not the same twice.
                if quiet > max(1.0, limit / 3):
                    return not at_prompt
        return not self.alive


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


def answer(facts: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
