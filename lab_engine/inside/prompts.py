"""Waiting for a terminal to be where it shall be after input (in the bench, standard library only).

Used where recorded input is typed again, and where a solution is typed for a learner.
"""

import json
import re
import sys
import time
from abc import ABC, abstractmethod

QUIET_AFTER_PROMPT = 0.03
QUIET_AT_PROMPT = 0.12
QUIET_IN_PROGRAM = 0.2
BUSY_SECONDS = 0.3
PAUSE = 0.01
NOISE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[()=>].?|[0-9a-f]{6,}|\d+|\s+")


class Heard(ABC):
    """A terminal with a shell in it: what it printed since the last input, and who has it now."""

    def __init__(self) -> None:
        self.output = ""
        self.alive = True
        self.quiet_since = time.monotonic()
        self.was_busy = False

    @abstractmethod
    def at_prompt(self) -> bool:
        """Whether the shell has the terminal, and no program in it."""

    @abstractmethod
    def codes(self) -> list[int]:
        """What the prompts since the last input said that commands ended with."""

    @abstractmethod
    def look(self) -> None:
        """Take what was printed in the meantime."""

    def wait(self, *, prompt: bool, busy: bool, prompts: int, limit: float, tail: str) -> bool:
        """Until it is as it shall be. False when that took longer than `limit` seconds.

        Args:
            prompt: the shell waits for a command; else a program has the terminal.
            busy: a program has the terminal in between.
            prompts: so many prompts with an exit code are printed.
            limit: seconds.
            tail: what a program prints last.
        """
        began = time.monotonic()
        wanted = NOISE.sub("", tail)[-40:]
        while self.alive and time.monotonic() - began < limit:
            time.sleep(PAUSE)
            self.look()
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


def answer(facts: dict[str, object]) -> None:
    """One answer to the client, as a line of JSON."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()
