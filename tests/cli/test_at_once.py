"""Verbs that are started at once: one does the work, each other one is refused in words."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.bench.container import Bench
from lab_engine.session.record import Record

pytestmark = [pytest.mark.bench, pytest.mark.slow]
LESSON = "namespaces"
Ups = list[subprocess.Popen[str]]


@pytest.fixture
def data(image_tag: str, tmp_path: Path) -> Iterator[Path]:
    """A data folder; the benches of its sessions are removed at the end."""
    yield tmp_path / "data"
    record = Record(tmp_path / "data/progress.sqlite")
    for row in record.open_sessions():
        if bench := Bench.find(row.id):
            bench.remove()
    record.close()


def up(data: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "lab_engine", "up", LESSON],
        env={**os.environ, "INFRALAB_DATA_DIR": str(data), "INFRALAB_BENCH_MEMORY": "1g"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("count", "gap"), [(2, 0.6), (10, 0.0)])
def test_one_bench_and_a_refusal_for_each_other(data: Path, count: int, gap: float) -> None:
    running: Ups = []
    for _ in range(count):
        running.append(up(data))
        time.sleep(gap)
    ended = [(*one.communicate(timeout=200), one.returncode) for one in running]
    refused = [err for _, err, code in ended if code]
    assert len(refused) < count, refused
    for err in refused:
        assert "at this moment" in err or "already works in this session" in err
        assert "Wait until" in err or "Close the other one" in err
    (row,) = Record(data / "progress.sqlite").open_sessions()
    # Who came when all was ready went on in the same session.
    assert all(row.id in out for out, _, code in ended if not code)
    bench = Bench.find(row.id)
    assert bench is not None
    assert bench.status() == "running"
    assert row.step
