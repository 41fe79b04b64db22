"""A real scheduler of Dask and its workers, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.grading.cluster.at_work import LOG

ROOT = Path(__file__).parents[3]
PATIENCE = 120
ROOM = "bench=2 memory=100000000000"


class Workers:
    """Those of one test, at a scheduler that may serve several."""

    def __init__(self, folder: Path, scheduler: str) -> None:
        self.address = scheduler
        self.log = folder / "log"
        self._folder = folder
        self._began: list[tuple[subprocess.Popen[bytes], Path]] = []

    def worker(
        self, name: str, *more: str, room: str = ROOM, **env: str
    ) -> subprocess.Popen[bytes]:
        words = ["--nthreads", "2", "--no-dashboard", "--name", name, *more]
        if room:
            words += ["--resources", room]
        if "--nanny" not in more:
            words.append("--no-nanny")
        log = self._folder / f"{name}.log"
        process = begin(log, "worker", self.address, *words, **{LOG: str(self.log)} | env)
        self._began.append((process, log))
        return process

    def there(self) -> None:
        """Wait until the scheduler knows all of them."""
        for _, log in self._began:
            wait_for(lambda log=log: b"Registered to:" in log.read_bytes())  # type: ignore[misc]

    def begun(self) -> list[tuple[str, int]]:
        """What has been begun until now: sessions with the process that has it."""
        lines = self.log.read_text().split("\n")[:-1] if self.log.exists() else []
        return [(line.split()[0], int(line.split()[1])) for line in lines]

    def end(self) -> None:
        end([process for process, _ in self._began])


def begin(log: Path, *words: str, **env: str) -> subprocess.Popen[bytes]:
    """`dask WORDS`, which find this infralab."""
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words], cwd=log.parent, stdout=file, stderr=file,
            env={**os.environ, "PYTHONPATH": str(ROOT)} | env,
        )  # fmt: skip


def end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.send_signal(signal.SIGINT)
    for process in processes:
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def scheduler(folder: Path) -> Iterator[str]:
    """Its address."""
    told = folder / "scheduler.json"
    process = begin(
        folder / "scheduler.log", "scheduler", "--host", "127.0.0.1", "--port", "0",
        "--no-dashboard", "--scheduler-file", str(told),
    )  # fmt: skip
    try:
        wait_for(told.exists)
        yield str(json.loads(told.read_text())["address"])
    finally:
        end([process])


def wait_for(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end
        time.sleep(0.1)
