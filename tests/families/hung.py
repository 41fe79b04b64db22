"""A daemon that hangs is named in time, and works again afterwards (runs as root in a bench).

`python -m tests.families.hung CASE PROGRAM`: the program is stopped while the case's provider asks.
"""

from __future__ import annotations

import importlib
import os
import queue
import signal
import sys
import threading
import time

from lab_engine.errors import DaemonDown
from lab_engine.kernel import processes
from tests.families.cases import CASES
from tests.families.obligations import ABSENT, look

SECONDS = 15.0
"""For what takes the longer of the daemons' limits, eight seconds."""


def main(name: str, program: str) -> None:
    wanted = next(case.resource for case in CASES if case.name == name)
    if program == "libvirtd":
        # Not to wait for twenty seconds: the same counting, but faster.
        vars(importlib.import_module("lab_engine.families.libvirt.agent.connection")).update(
            KEEPALIVE_SECONDS=1
        )
    assert look(wanted) == ABSENT
    ends: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            look(wanted)
        except BaseException as error:
            ends.put(error)
        else:
            ends.put(None)

    pids = [process.pid for process in processes.every().values() if process.name == program]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        # A thread of its own has no connection yet; this one has.
        threading.Thread(target=ask, daemon=True).start()
        began = time.monotonic()
        ask()
        for _ in range(2):
            error = ends.get(timeout=SECONDS)
            print(f"{time.monotonic() - began:.1f} s: {type(error).__name__}: {error}")
            assert isinstance(error, DaemonDown)
        assert time.monotonic() - began < SECONDS
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    assert look(wanted) == ABSENT


if __name__ == "__main__":
    main(*sys.argv[1:])
