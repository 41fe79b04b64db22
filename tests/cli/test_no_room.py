"""A data folder that is full, read-only or unreadable: what frees the disk works all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab_engine.bench.container import Bench
from lab_engine.session.record import Record

pytestmark = [pytest.mark.bench, pytest.mark.slow]
LESSON = "namespaces"
FULL = 'ulimit -f 0; exec "$@"'
"""No file can grow; Python ignores the signal for it, so that a write fails as on a full disk."""
READ_ONLY = 'mount --bind "$DATA" "$DATA" && mount -o remount,ro,bind "$DATA" && exec "$@"'
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="mounts, as root")
ROOMS = [
    pytest.param(["bash", "-c", FULL, "-"], id="full"),
    pytest.param(["unshare", "-m", "bash", "-ec", READ_ONLY, "-"], id="read-only", marks=AS_ROOT),
]
Verb = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def data(image_tag: str, tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    record = Record(tmp_path / "data/progress.sqlite")
    for row in record.open_sessions():
        if bench := Bench.find(row.id):
            bench.remove()
    record.close()


@pytest.fixture
def infralab(data: Path) -> Verb:
    def run(*words: str, room: list[str] | None = None) -> subprocess.CompletedProcess[str]:
        own = {
            "INFRALAB_DATA_DIR": str(data),
            "DATA": str(data),
            "INFRALAB_BENCH_MEMORY": "1g",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(
            [*(room or []), sys.executable, "-m", "lab_engine", *words],
            env={**os.environ, **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    return run


def session(data: Path) -> str:
    (row,) = Record(data / "progress.sqlite").open_sessions()
    return row.id


@pytest.mark.parametrize("room", ROOMS)
def test_run_and_down_work(infralab: Verb, data: Path, room: list[str]) -> None:
    assert infralab("up", LESSON).returncode == 0
    its = session(data)
    ran = infralab("run", "--", "echo", "in the bench", room=room)
    assert (ran.returncode, ran.stdout) == (0, "in the bench\n"), ran.stderr
    seen = infralab("gc", "--dry-run", room=room)
    assert seen.returncode == 0, seen.stderr
    assert its not in seen.stdout
    down = infralab("down", room=room)
    assert down.returncode == 0, down.stderr
    assert f"session {its} ({LESSON}) is down" in down.stderr
    assert "not recorded" in down.stderr or "is not noted" in down.stderr
    assert Bench.find(its) is None


@pytest.mark.parametrize("room", ROOMS)
def test_replay_works(infralab: Verb, room: list[str]) -> None:
    assert infralab("up", LESSON).returncode == 0
    replayed = infralab("replay", room=room)
    assert "fault in infralab" not in replayed.stderr
    assert replayed.returncode in (0, 1), replayed.stderr
    assert infralab("down").returncode == 0


def test_without_any_record_a_session_is_named_by_its_bench(infralab: Verb, data: Path) -> None:
    assert infralab("up", LESSON).returncode == 0
    its = session(data)
    kept = data.rename(data.with_name("elsewhere"))
    data.write_text("a file in the place of the folder")
    try:
        asked = infralab("down")
        assert asked.returncode == 2
        assert its in asked.stderr
        ran = infralab("run", "--session", its, "--", "echo", "there")
        assert (ran.returncode, ran.stdout) == (0, "there\n"), ran.stderr
        down = infralab("down", "--session", its)
        assert down.returncode == 0, down.stderr
        assert Bench.find(its) is None
    finally:
        data.unlink()
        kept.rename(data)


def test_a_damaged_record_is_mended_and_said_by_the_verb_that_finds_it(
    infralab: Verb, data: Path
) -> None:
    assert infralab("up", LESSON).returncode == 0
    its = session(data)
    (data / "progress.sqlite").write_bytes(bytes(40_000))
    ran = infralab("run", "--", "echo", "there")
    assert (ran.returncode, ran.stdout) == (0, "there\n"), ran.stderr
    assert "was damaged" in ran.stderr
    assert session(data) == its
    assert infralab("down").returncode == 0
