"""Who begins, finds, ends and removes the machine, with programs that stand in for QEMU and ssh."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab_engine import settings
from lab_engine.errors import BenchError
from lab_engine.machine import accelerator, image, life, lock, power
from lab_engine.machine.life import State
from lab_engine.machine.place import Place
from lab_engine.settings import Settings
from tests.machine import stand_in

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the machine is x86_64")


def quiet(words: str) -> None:
    """For whoever is not told."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: pytest's are too long for sockets."""
    with tempfile.TemporaryDirectory(prefix="m-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def chosen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings with a data folder of the test's own; what runs there is ended."""
    tools = stand_in.install(folder)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("STAND_IN", str(folder))
    monkeypatch.setenv("INFRALAB_ACCELERATOR", "tcg")
    found = settings.load({"INFRALAB_DATA_DIR": str(folder / "d"), "HOME": str(folder)})
    yield found
    for pid in begun(folder):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


@pytest.fixture
def where(chosen: Settings) -> Place:
    return stand_in.made(chosen)


def begun(folder: Path) -> list[int]:
    """The processes of every QEMU that was begun."""
    path = folder / "begun"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def soon(done: Callable[[], bool]) -> bool:
    return power.until(done, 10)


def test_from_start_to_stop(chosen: Settings, where: Place, folder: Path) -> None:
    assert life.status(where).state is State.STOPPED
    found = life.start(chosen, quiet)
    assert found is not None
    assert found.emulated
    status = life.status(where)
    assert (status.state, status.accelerator, status.broken) == (State.RUNNING, "tcg", False)
    assert [status.pid] == begun(folder)
    assert life.start(chosen, quiet) is None, "a second start began another"
    assert life.stop(where, quiet)
    assert gone(status.pid)
    assert life.status(where).state is State.STOPPED
    assert [path for path in where.passing() if path.exists()] == []
    assert not life.stop(where, quiet)
    assert begun(folder) == [status.pid]


def test_two_starts_at_once_begin_one(chosen: Settings, where: Place, folder: Path) -> None:
    results: list[object] = []
    told: list[str] = []

    def begin() -> None:
        results.append(life.start(chosen, told.append))

    threads = [threading.Thread(target=begin) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(begun(folder)) == 1
    assert sorted(result is None for result in results) == [False, True, True]
    assert "waiting for another infralab, which begins or ends the machine" in told


def test_a_killed_qemu_is_told_and_started_again(
    chosen: Settings, where: Place, folder: Path
) -> None:
    life.start(chosen, quiet)
    first = life.status(where).pid
    os.kill(first, signal.SIGKILL)
    assert soon(lambda: life.status(where).state is State.STOPPED)
    status = life.status(where)
    assert status.broken
    assert life.leftovers(where)
    life.start(chosen, quiet)
    again = life.status(where)
    assert (again.state, again.broken) == (State.RUNNING, False)
    assert again.pid != first


def test_a_number_that_is_somebody_elses_is_left_alone(chosen: Settings, where: Place) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        where.pid.write_text(f"{other.pid}\n")
        assert power.running(where) == 0
        assert not life.stop(where, quiet)
        life.start(chosen, quiet)
        life.stop(where, quiet)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("text", ["", "x", "-1", "999999999"])
def test_a_broken_pid_file_is_no_machine(chosen: Settings, where: Place, text: str) -> None:
    where.pid.write_text(text)
    assert life.status(where).state is State.STOPPED
    assert life.start(chosen, quiet) is not None


def test_what_qemu_refuses_is_said(
    chosen: Settings, where: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_QEMU", "refuses")
    with pytest.raises(BenchError, match="cannot set up guest memory") as error:
        life.start(chosen, quiet)
    assert "machine_memory" in error.value.hint
    assert life.status(where).state is State.STOPPED
    assert not life.status(where).broken


def test_a_guest_that_panics_ends_the_start(
    chosen: Settings, where: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_QEMU", "ends")
    monkeypatch.setenv("STAND_IN_SSH", "refused")
    with pytest.raises(BenchError, match="ended while it booted"):
        life.start(chosen, quiet)


def test_a_start_out_of_time_leaves_nothing_running(
    chosen: Settings, where: Place, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_SSH", "refused")
    monkeypatch.setattr(life, "BOOT_SECONDS", {"tcg": 1})
    with pytest.raises(BenchError, match="Kernel panic: a console line"):
        life.start(chosen, quiet)
    assert "the console's end" in where.log.read_text()
    assert all(gone(pid) for pid in begun(folder))


def test_an_interrupted_start_leaves_nothing_running(
    chosen: Settings, where: Place, folder: Path
) -> None:
    def interrupt(words: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        life.start(chosen, interrupt)
    (pid,) = begun(folder)
    assert gone(pid)
    assert life.status(where).state is State.STOPPED


def test_a_lost_connection_is_made_again(chosen: Settings, where: Place) -> None:
    life.start(chosen, quiet)
    where.engine.unlink()
    assert life.status(where).state is State.BEGINS
    assert life.ready(where)
    assert life.status(where).state is State.RUNNING


def test_without_a_machine_nothing_is_ready(chosen: Settings, where: Place) -> None:
    assert not life.ready(where)


def test_one_that_hears_no_button_is_ended(
    chosen: Settings, where: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_QEMU", "deaf")
    monkeypatch.setattr(life, "OFF_SECONDS", {"tcg": 0.5})
    life.start(chosen, quiet)
    pid = life.status(where).pid
    assert life.stop(where, quiet)
    assert gone(pid)


def test_a_changed_system_is_not_booted(chosen: Settings, where: Place, folder: Path) -> None:
    (image.folder(where) / image.DISK).write_text("something else")
    with pytest.raises(BenchError, match=r"disk\.qcow2 .* is not what it was"):
        life.start(chosen, quiet)
    assert begun(folder) == []


def test_a_start_without_a_machine_says_how_to_make_one(chosen: Settings) -> None:
    with pytest.raises(BenchError, match="there is no machine") as error:
        life.start(chosen, quiet)
    assert "infralab machine create" in error.value.hint
    assert not chosen.machine_dir.exists()


def test_a_system_of_another_version_is_made_anew_and_the_engines_disk_stays(
    chosen: Settings, where: Place, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "key", lambda: "another")
    with pytest.raises(BenchError, match="of another version") as error:
        life.start(chosen, quiet)
    assert "stays" in error.value.hint
    assert begun(folder) == []


def test_a_lock_that_stays_is_not_waited_for_without_end(where: Place) -> None:
    began = time.monotonic()
    with (
        lock.held(where, quiet),
        pytest.raises(BenchError, match="another infralab"),
        lock.held(where, quiet, seconds=0.3),
    ):
        pass
    assert time.monotonic() - began < 10


def test_remove_takes_all_even_while_it_runs(chosen: Settings, where: Place, folder: Path) -> None:
    life.start(chosen, quiet)
    assert life.remove(where, quiet)
    assert not where.folder.exists()
    assert not where.lock.exists()
    assert all(gone(pid) for pid in begun(folder))
    assert life.status(where).state is State.ABSENT
    assert not life.remove(where, quiet)


def test_what_ended_starts_and_old_versions_left_is_swept(chosen: Settings, where: Place) -> None:
    (where.images / "0123456789ab").mkdir()
    where.monitor.touch()
    found = life.leftovers(where)
    assert {path.name for path in found} == {"0123456789ab", "qmp.sock"}
    assert life.sweep(where, quiet) == found
    assert life.leftovers(where) == []
    life.start(chosen, quiet)
    assert life.leftovers(where) == []


def test_two_machines_know_nothing_of_each_other(
    chosen: Settings, where: Place, folder: Path
) -> None:
    other = replace(chosen, data_dir=folder / "e")
    theirs = stand_in.made(other)
    life.start(chosen, quiet)
    life.start(other, quiet)
    assert life.status(where).pid != life.status(theirs).pid
    life.remove(where, quiet)
    assert life.status(theirs).state is State.RUNNING


@pytest.mark.parametrize(
    ("name", "words"), [("n" * 80, "too long for a machine's sockets"), ("a:b", "has a colon")]
)
def test_a_folder_that_cannot_hold_sockets_is_refused(
    chosen: Settings, name: str, words: str
) -> None:
    with pytest.raises(BenchError, match=words) as error:
        life.create(replace(chosen, data_dir=Path("/tmp") / name), quiet)
    assert "INFRALAB_DATA_DIR" in error.value.hint


def test_programs_that_are_missing_are_named(
    chosen: Settings, where: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BenchError, match="qemu-system-x86 and qemu-utils") as error:
        life.start(chosen, quiet)
    assert "sudo apt-get install" in error.value.hint


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        (0, "ran 4.2", ""),
        (0, "ran 700.0", "too slow"),
        (1, "Permission denied", "Permission denied"),
        (124, "", "within 2 s"),
        (0, "", "ended with 0"),
    ],
)
def test_what_a_try_of_kvm_means(code: int, said: str, words: str) -> None:
    found = accelerator.problem(code, said)
    assert words in found
    assert bool(found) == bool(words)
