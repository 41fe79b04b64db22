"""A terminal that is closed while the screens are drawn on it."""

from __future__ import annotations

import os
import pty
import threading
from contextlib import suppress
from typing import TextIO, cast

from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from lab_engine.tui.driver import Outliving


def test_nobody_waits_for_a_terminal_that_was_closed() -> None:
    ours, theirs = pty.openpty()
    terminal = os.fdopen(theirs, "w")
    writer = WriterThread(cast(TextIO, Outliving(terminal)))
    writer.start()
    writer.write("hello")
    assert os.read(ours, 100) == b"hello"
    os.close(ours)

    def goodbye() -> None:
        for _ in range(3 * MAX_QUEUED_WRITES):
            writer.write("bye")
        writer.stop()

    # Not in the test's own thread: it would wait for ever where this is broken.
    leaving = threading.Thread(target=goodbye, daemon=True)
    leaving.start()
    leaving.join(20)
    assert not leaving.is_alive()
    assert not writer.is_alive()
    with suppress(OSError):
        terminal.close()
