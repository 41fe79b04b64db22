"""Which programs stand still while a verifier looks. By real processes of this machine."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from lab_engine.agent.verifier import strays
from lab_engine.kernel import processes

SERVER: Final = "import socket,time; s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen(); "
LOCAL: Final = "import socket,time; s=socket.socket(1); s.bind(''); s.listen(); "
WAITS: Final = "print('ready', flush=True); time.sleep(60)"


@contextmanager
def running(*argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that has said that it is ready."""
    with subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()


def stray(pid: int) -> bool:
    process = processes.read(pid)
    assert process is not None
    return strays._stray(process)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("sh", "-c", "echo ready; while sleep 0.1; do :; done"), True),
        ((sys.executable, "-c", f"import time; {WAITS}"), True),
        # On its socket somebody may wait for it: a task can have asked for that.
        ((sys.executable, "-c", SERVER + WAITS), False),
        ((sys.executable, "-c", LOCAL + WAITS), False),
        # It can do nothing of its own, whatever it is called.
        (("sh", "-c", "echo ready; exec sleep 60"), False),
    ],
)
def test_who_is_a_stray(argv: tuple[str, ...], expected: bool) -> None:
    with running(*argv) as process:
        for _ in range(100):
            # The last one becomes another program a moment after it was ready.
            if stray(process.pid) == expected:
                break
            time.sleep(0.02)
        assert stray(process.pid) == expected


def test_what_stands_still_already_is_left_so() -> None:
    with running("sh", "-c", "echo ready; while sleep 0.1; do :; done") as process:
        process.send_signal(signal.SIGSTOP)
        for _ in range(100):
            found = processes.read(process.pid)
            assert found is not None
            if found.state == "T":
                break
            time.sleep(0.02)
        assert process.pid not in {one.pid for one in strays.found()}
