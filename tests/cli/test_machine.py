"""`infralab machine` and what other verbs do about it, with nothing that runs."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator

import pytest

from lab_engine.cli import frame
from lab_engine.machine import place
from lab_engine.machine.place import Place
from lab_engine.settings import load


@pytest.fixture
def where(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The place of a machine that was never made, in folders of the test's own."""
    # pytest's own folders have names that are too long for sockets.
    with tempfile.TemporaryDirectory(prefix="m-", dir="/tmp") as folder:
        for name in ("DATA", "CACHE", "CONFIG"):
            monkeypatch.setenv(f"INFRALAB_{name}_DIR", f"{folder}/{name.lower()}")
        yield _clean(monkeypatch)


def _clean(monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    monkeypatch.delenv("INFRALAB_ENGINE", raising=False)
    # A verb changes these for what it starts.
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    # Not the launcher's folder, which `uninstall` removes.
    monkeypatch.setattr(sys, "prefix", "/elsewhere")
    return place.of(load())


def made(where: Place) -> None:
    where.folder.mkdir(parents=True)
    where.docker.touch()


def test_status_and_its_exit_code(where: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["machine", "status"]) == 1
    assert "infralab machine create" in capsys.readouterr().out
    made(where)
    where.pid.write_text("1\n")
    assert frame.main(["machine", "status", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["machine"]["state"], told["machine"]["broken"], told["used"]) == (
        "stopped", True, False,
    )  # fmt: skip


@pytest.mark.parametrize("words", [["start"], ["shell"], ["use"]])
def test_what_needs_one_says_how_to_make_or_boot_it(
    where: Place, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert frame.main(["machine", *words]) == 3
    assert "infralab machine" in capsys.readouterr().err
    assert not where.folder.exists()


def test_use_is_noted_and_taken_back(
    where: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made(where)
    assert frame.main(["machine", "use"]) == 0
    assert "DOCKER_HOST is set" in capsys.readouterr().err
    monkeypatch.delenv("DOCKER_HOST")
    assert frame.main(["check"]) == 3
    assert "infralab machine start" in capsys.readouterr().err
    monkeypatch.delenv("DOCKER_HOST")
    assert frame.main(["machine", "status"]) == 1
    assert "Benches are in it." in capsys.readouterr().out
    assert frame.main(["machine", "use", "--off"]) == 0
    assert not where.use.exists()


def test_stop_and_remove_of_none(where: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["machine", "stop"]) == 0
    assert frame.main(["machine", "remove", "--yes"]) == 0
    assert capsys.readouterr().out == "The machine was off.\nThere is no machine.\n"


def test_remove_asks(where: Place) -> None:
    made(where)
    assert frame.main(["machine", "remove"]) == 2
    assert where.folder.exists()
    assert frame.main(["machine", "remove", "--yes"]) == 0
    assert not where.folder.exists()


def test_uninstall_takes_it_without_an_engine_here(
    where: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made(where)
    kept = where.folder.with_name("progress.sqlite")
    kept.touch()
    monkeypatch.setenv("INFRALAB_ENGINE", "machine")
    assert frame.main(["uninstall", "--dry-run", "--keep-progress"]) == 0
    assert f"{where.folder}, with every bench in it" in capsys.readouterr().out
    assert where.folder.exists()
    assert frame.main(["uninstall", "--yes", "--keep-progress"]) == 0
    assert not where.folder.exists()
    assert kept.exists()


def test_gc_sweeps_what_a_killed_start_left(
    where: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    made(where)
    where.root.touch()
    # No engine answers: the machine's leftovers go all the same.
    assert frame.main(["gc", "--dry-run"]) == 3
    assert str(where.root) in capsys.readouterr().out
    assert where.root.exists()
    assert frame.main(["gc"]) == 3
    assert not where.root.exists()
    assert where.docker.exists()
