"""Who opens a session does it alone, and the lock goes with the process."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab_engine.errors import InfralabError, LeaseTaken
from lab_engine.session.opening import FOLDER, alone

HOLDER = """
import sys, time
from pathlib import Path
from lab_engine.session.opening import alone
with alone(Path(sys.argv[1]), "session one"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_another_process_is_refused_until_the_first_one_is_gone(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            with (
                pytest.raises(LeaseTaken, match="opens session one at this moment"),
                alone(tmp_path, "session one"),
            ):
                pass
            with alone(tmp_path, "session two"):
                pass
        finally:
            holder.send_signal(signal.SIGKILL)
    with alone(tmp_path, "session one"):
        pass
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_what_a_killed_process_leaves_is_taken_away_and_what_is_held_is_not(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            with alone(tmp_path, "session two"):
                pass
            assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["session-one"]
        finally:
            holder.kill()
    with alone(tmp_path, "session two"):
        pass
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_of_many_only_one_is_in_at_a_time(tmp_path: Path) -> None:
    """Locks of one process on descriptors of their own refuse each other as those of two do."""
    inside, most, entered = 0, 0, 0
    lock = threading.Lock()

    def try_often(_: int) -> None:
        nonlocal inside, most, entered
        for _ in range(200):
            try:
                with alone(tmp_path, "session one"):
                    with lock:
                        inside, entered = inside + 1, entered + 1
                        most = max(most, inside)
                    with lock:
                        inside -= 1
            except LeaseTaken:
                continue

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(try_often, range(8)))
    assert entered > 100
    assert most == 1


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with (
        pytest.raises(InfralabError, match="session one cannot be opened"),
        alone(tmp_path / "data", "session one"),
    ):
        pass
