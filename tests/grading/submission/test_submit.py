"""`infralab submit` as a command, with a session in a bench."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab_engine.cli.frame import main
from lab_engine.course.lesson import load_course
from lab_engine.course.seed import Seed
from tests.grading import made

Verb = Callable[..., subprocess.CompletedProcess[str]]


def test_it_shows_what_is_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(made.packed())
    assert main(["submit", "--show", str(path)]) == 0
    said = capsys.readouterr().out
    assert "submission of ada" in said
    assert "1 tasks passed, 1 files" in said
    path.write_bytes(path.read_bytes()[:-30])
    assert main(["submit", "--show", str(path)]) == 1
    assert "refused: its end is missing" in capsys.readouterr().err


def test_who_hands_in_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", "namespaces"]) == 2
    assert main(["submit", "namespaces", "--learner", "../ada"]) == 2
    assert "cannot be used" in capsys.readouterr().err


@pytest.fixture
def infralab(image_tag: str, tmp_path: Path) -> Iterator[Verb]:
    """Runs a verb with a data folder of the test's own; its bench is removed at the end."""
    own = {"INFRALAB_DATA_DIR": str(tmp_path / "data"), "INFRALAB_BENCH_MEMORY": "1g"}

    def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "lab_engine", *words],
            env={**os.environ, **own},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    yield run
    run("down")


@pytest.mark.bench
@pytest.mark.slow
def test_a_session_is_handed_in(infralab: Verb, tmp_path: Path) -> None:
    up = infralab("up", "namespaces", "--seed", "seven", "--assessed", "--json")
    assert up.returncode == 0, up.stderr
    lesson = load_course().lesson("namespaces")
    step = lesson.lab.steps[json.loads(up.stdout)["step"]]
    script = step.solutions[0].script(lesson.variables(Seed("seven")))
    work = ["printf seen > notes", "ln -s /etc/passwd link", "head -c 2M /dev/zero > big"]
    infralab("run", "--", "bash", "-ec", "\n".join([*script, "cd ~/work", *work]))
    assert infralab("check").returncode == 0
    # A recording of what was typed is there once a shell was.
    infralab("shell", stdin="echo hello\n")

    path = tmp_path / "handed-in.zip"
    done = infralab("submit", "namespaces", "--learner", "ada", "--output", str(path), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (part,) = told["manifest"]["parts"]
    assert (part["lesson"], part["mode"], part["seed"]) == ("namespaces", "assessed", "seven")
    assert set(part["checkers"]) == {one.name for one in lesson.steps}
    (files,) = told["work"].values()
    assert "notes" in files
    assert "link" not in files
    assert "bytes" in part["left_out"]["big"]
    assert (
        infralab("submit", "namespaces", "--learner", "ada", "--output", str(path)).returncode == 2
    )
    assert infralab("down").returncode == 0
    shown = infralab("submit", "--show", str(path))
    assert shown.returncode == 0, shown.stderr
    assert told["seal"] in shown.stdout
