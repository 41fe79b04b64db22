"""The frame of the command line: verbs, help, errors, exit codes."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from lab_engine.cli import current, doctor, frame, words
from lab_engine.cli.endpoint import follow_context
from lab_engine.errors import InfralabError, UsageError

ROOT = Path(__file__).parents[2]


class Struct(msgspec.Struct):
    where: Path


@dataclass(frozen=True)
class Row:
    name: str
    inner: Struct


def infralab(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab_engine", *argv],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_every_verb_that_exists(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["--help"]) == 0
    out = capsys.readouterr().out
    for verb in frame.available():
        assert f"    {verb} " in out or f"    {verb}\n" in out
    assert "exit codes" in out


@pytest.mark.parametrize("verb", frame.available())
def test_every_verb_has_help_with_examples(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main([verb, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"infralab {verb}" in out.split("examples:")[1]
    assert "exit codes" in out


@pytest.mark.parametrize(
    ("word", "hint"), [("doctr", "Did you mean `infralab doctor`"), ("zzz", "--help")]
)
def test_unknown_verb(word: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main([word]) == 2
    assert hint in capsys.readouterr().err


def test_wrong_option_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["doctor", "--jsn"]) == 2
    assert "--jsn" in capsys.readouterr().err


def instead(monkeypatch: pytest.MonkeyPatch, run: Callable[[argparse.Namespace], int]) -> None:
    monkeypatch.setattr(doctor, "run", run)


def failing(error: BaseException) -> Callable[[argparse.Namespace], int]:
    def run(_: argparse.Namespace) -> int:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InfralabError("no room", hint="Free some."), 3),
        (UsageError("no such lesson", hint="Free some."), 2),
    ],
)
def test_errors_say_what_and_what_to_do(
    error: InfralabError,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    instead(monkeypatch, failing(error))
    assert frame.main(["doctor"]) == code
    shown = capsys.readouterr()
    assert shown.err == f"infralab: {error.message}\n  Free some.\n"
    assert shown.out == ""
    assert frame.main(["doctor", "--json"]) == code
    body = json.loads(capsys.readouterr().out)["error"]
    assert body == {
        "kind": type(error).__name__,
        "message": error.message,
        "hint": "Free some.",
    }


def test_interrupt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    instead(monkeypatch, failing(KeyboardInterrupt()))
    assert frame.main(["doctor"]) == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("presses", [1, 2])
def test_what_was_begun_is_undone_also_when_ctrl_c_is_pressed_again(
    presses: int, capsys: pytest.CaptureFixture[str]
) -> None:
    done = []

    async def work() -> None:
        for number in range(presses):
            asyncio.get_running_loop().call_later(
                0.05 * (number + 1), os.kill, os.getpid(), signal.SIGINT
            )
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0.3)
            done.append("undone")

    with pytest.raises(KeyboardInterrupt):
        current.run_async(work)
    assert done == ["undone"]
    assert ("still undoing" in capsys.readouterr().err) == (presses == 2)


def test_a_fault_of_ours_keeps_its_details(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("INFRALAB_DATA_DIR", str(tmp_path))
    instead(monkeypatch, failing(ZeroDivisionError("oh")))
    assert frame.main(["doctor"]) == 3
    err = capsys.readouterr().err
    assert "fault in infralab" in err
    log = tmp_path / "log" / "last-error.txt"
    assert str(log) in err
    assert "Traceback" in log.read_text()
    monkeypatch.setenv("INFRALAB_DATA_DIR", "/proc/none")
    monkeypatch.setenv("INFRALAB_DEBUG", "1")
    assert frame.main(["doctor"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_reader_that_leaves_is_no_error() -> None:
    line = f"{sys.executable} -m lab_engine --help | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


def test_version() -> None:
    done = infralab("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("infralab ")


def test_json_of_everything(capsys: pytest.CaptureFixture[str]) -> None:
    words.emit_json({"rows": [Row("ü", Struct(Path("/x")))], "set": {2, 1}, "path": Path("/y")})
    assert json.loads(capsys.readouterr().out) == {
        "rows": [{"name": "ü", "inner": {"where": "/x"}}],
        "set": [1, 2],
        "path": "/y",
    }


def test_table() -> None:
    text = words.table([("a", "1"), ("long", "")], head=("NAME", "N"))
    assert text == "NAME  N\na     1\nlong"


def test_confirm(monkeypatch: pytest.MonkeyPatch) -> None:
    assert words.confirm("Sure?", yes=True)
    with pytest.raises(UsageError, match="nobody is here"):
        words.confirm("Sure?", yes=False)


def test_progress_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    with words.Progress() as progress:
        for sentence in ("loading: 1 MiB", "loading: 2 MiB", "done"):
            progress(sentence)
    assert capsys.readouterr().err == "loading: 1 MiB\ndone\n"


def test_uninstall_lists_before_it_asks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    for name in ("DATA", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"INFRALAB_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setattr(sys, "prefix", "/elsewhere")
    assert frame.main(["uninstall", "--without-docker"]) == 0
    assert "nothing of infralab" in capsys.readouterr().out
    data.mkdir()
    (data / "installed-packages").write_text("mmdebstrap\ndocker.io\nmmdebstrap\n")
    (tmp_path / "cache").mkdir()
    assert frame.main(["uninstall", "--without-docker", "--dry-run"]) == 0
    assert str(data) in capsys.readouterr().out
    assert frame.main(["uninstall", "--without-docker"]) == 2
    assert data.exists()
    assert frame.main(["uninstall", "--without-docker", "--keep-progress", "--yes"]) == 0
    assert data.exists()
    assert not (tmp_path / "cache").exists()
    capsys.readouterr()
    assert frame.main(["uninstall", "--without-docker", "--yes"]) == 0
    assert "apt-get remove docker.io mmdebstrap" in capsys.readouterr().out
    assert not data.exists()


@pytest.fixture
def contexts(tmp_path: Path) -> dict[str, str]:
    """A user whose Docker has a context `far`, and uses it."""
    meta = tmp_path / ".docker/contexts/meta" / hashlib.sha256(b"far").hexdigest()
    meta.mkdir(parents=True)
    body = {"Name": "far", "Endpoints": {"docker": {"Host": "ssh://me@far"}}}
    (meta / "meta.json").write_text(json.dumps(body))
    (tmp_path / ".docker/config.json").write_text('{"currentContext": "far"}')
    return {"HOME": str(tmp_path)}


@pytest.mark.parametrize(
    ("more", "host"),
    [
        ({}, "ssh://me@far"),
        ({"DOCKER_HOST": "unix:///mine"}, "unix:///mine"),
        ({"DOCKER_CONTEXT": "default"}, None),
        ({"DOCKER_CONTEXT": "none-of-that-name"}, None),
        ({"DOCKER_CONFIG": "/there/is/none"}, None),
    ],
)
def test_docker_context_is_followed(
    contexts: dict[str, str], more: dict[str, str], host: str | None
) -> None:
    env = contexts | more
    follow_context(env)
    assert env.get("DOCKER_HOST") == host


@pytest.mark.parametrize("text", ["", "[]", "{", '{"currentContext": 3}'])
def test_docker_config_that_is_broken_changes_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text(text)
    env = {"HOME": str(tmp_path)}
    follow_context(env)
    assert "DOCKER_HOST" not in env


def test_tests_need_a_clone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("lab_engine.cli.test.ROOT", tmp_path)
    assert frame.main(["test"]) == 2
    assert "clone" in capsys.readouterr().err
