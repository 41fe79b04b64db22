"""What a test leaves running: ended with it, also when it failed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

OURS = b"lab_engine"


@pytest.fixture(autouse=True)
def ends_what_it_began() -> Iterator[None]:
    """Programs of ours that a failure left behind would go on for hours, in everybody's way."""
    before = set(programs(os.getpid()))
    yield
    for pid in programs(os.getpid()):
        if pid not in before:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def programs(parent: int, *, ours: bool = False) -> Iterator[int]:
    """Programs of ours that `parent` or a child of it started, and what these have started."""
    for children in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            found = [int(word) for word in children.read_text().split()]
        except OSError:
            continue
        for pid in found:
            try:
                is_ours = ours or OURS in Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                continue
            yield from programs(pid, ours=is_ours)
            if is_ours:
                yield pid
