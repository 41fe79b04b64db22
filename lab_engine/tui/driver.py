"""The terminal that the screens are drawn on. It may be closed at any moment."""

from __future__ import annotations

import io
from typing import Any, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver


class Outliving(io.TextIOBase):
    """A terminal to write to; what it does not take any more is thrown away.

    Textual writes in a thread, from a queue of 30. An error would end that thread, and nobody
    would take the 31st write after it: the application would wait for ever as it leaves.
    """

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal

    def write(self, text: str) -> int:
        try:
            return self._terminal.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        try:
            self._terminal.flush()
        except OSError:
            return

    def fileno(self) -> int:
        return self._terminal.fileno()


class Terminal(LinuxDriver):
    """Textual's own driver, which outlives its terminal for as long as it takes to leave."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self._file is not None:
            self._file = cast(Any, Outliving(self._file))


def let_go(driver: object) -> None:
    """End the thread that reads keys, after an application's `run`.

    Where the terminal went while it did not read, Textual's own clean-up ends at its first write,
    and the thread would look at a closed terminal for ever, with a whole processor.
    """
    # Textual's Linux driver has it; the one without a screen has no such thread.
    ended = getattr(driver, "exit_event", None)
    if ended is not None:
        ended.set()
