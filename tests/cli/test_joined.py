"""The last line of `infralab test` speaks for all of its runs of pytest."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab_engine.cli import test as verb

pytestmark = pytest.mark.programs

FIRST = """
import pytest

@pytest.fixture
def broken():
    raise RuntimeError("no fixture")

def test_right(): pass
def test_left_out(): pytest.skip("because")
"""
WRONG = "def test_wrong(): assert 1 == 2, 'not so'\n"
BROKEN = "def test_broken(broken): pass\n"
PASSES = "def test_it(): pass"


def run(folder: Path, name: str, *words: str) -> tuple[int, list[str]]:
    """The exit code of pytest over one file, and the lines that it prints."""
    command = [sys.executable, "-P", "-m", "pytest", "-ra", "-c", "/dev/null", "--rootdir", "."]
    command += ["-p", "tests.joined", "-p", "no:cacheprovider", *words, name]
    # Loading every plugin that is installed would take longer than the tests.
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, cwd=folder, env=alone, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    ("first", "second", "code", "counts"),
    [
        (FIRST, PASSES, 0, "2 passed, 1 skipped in"),
        (FIRST + WRONG, PASSES, 1, "1 failed, 2 passed, 1 skipped in"),
        (FIRST + BROKEN, PASSES, 1, "2 passed, 1 skipped, 1 error in"),
        (FIRST, WRONG, 1, "1 failed, 1 passed, 1 skipped in"),
        (FIRST + WRONG, "", 1, "1 failed, 1 passed, 1 skipped in"),
    ],
    ids=["all-well", "first-fails", "first-breaks", "second-fails", "nothing-second"],
)
def test_what_either_run_finds_is_counted(
    tmp_path: Path, first: str, second: str, code: int, counts: str
) -> None:
    (tmp_path / "test_first.py").write_text(first)
    (tmp_path / "test_second.py").write_text(second)
    kept = str(tmp_path / "outcomes.json")
    # As the verb does it; once, since each worker takes half a second to come up.
    spread = ["-p", "xdist", "-n", "1"] if (first, second) == (FIRST + WRONG, PASSES) else []
    run(tmp_path, "test_first.py", *spread, f"--outcomes-to={kept}")
    ended, lines = run(tmp_path, "test_second.py", f"--outcomes-of={kept}")
    assert counts in lines[-1]
    assert ended == code
    assert any(line.startswith("SKIPPED") and "because" in line for line in lines)
    if WRONG in first:
        assert "FAILED test_first.py::test_wrong - AssertionError: not so" in lines


@pytest.mark.parametrize(
    ("wrong", "code", "counts"),
    [
        ("assert 0", 1, "1 failed, 1 passed in"),
        ("assert STAMP.exists()", 0, "1 passed, 1 flaky in"),
    ],
    ids=["fails-again", "passes-then"],
)
def test_what_failed_is_tried_again_and_told(
    tmp_path: Path, wrong: str, code: int, counts: str
) -> None:
    """The test leaves a stamp, so that the second try can tell that it is the second one."""
    (tmp_path / "test_it.py").write_text(
        "from pathlib import Path\nSTAMP = Path('stamp')\ndef test_right(): pass\n"
        f"def test_it():\n  try:\n    {wrong}, 'not so'\n  finally:\n    STAMP.touch()\n"
    )
    kept = str(tmp_path / "outcomes.json")
    run(tmp_path, "test_it.py", f"--outcomes-to={kept}")
    again = ["--second-try", f"--outcomes-of={kept}"]
    ended, lines = run(tmp_path, "test_it.py::test_it", *again)
    assert counts in lines[-1]
    assert ended == code
    assert any("failed once: test_it.py::test_it" in line for line in lines) is (code == 0)
    assert any("AssertionError: not so" in line for line in lines)


def test_the_verb_runs_all_and_tells_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A clone with one test of each sort; the tools are those of this run."""
    marks = "\n  ".join(("bench", "vm", "slow", "v2", "fresh", "sessions", "alone", "proof"))
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\naddopts = --strict-markers\nmarkers =\n  {marks}\n"
    )
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_first.py").write_text(WRONG)
    (folder / "test_second.py").write_text(
        "import pytest\n@pytest.mark.bench\ndef test_it(): pass\n"
        "@pytest.mark.slow\n@pytest.mark.alone\ndef test_by_itself(): pass\n"
        "@pytest.mark.bench\n@pytest.mark.proof\ndef test_last(): pass\n"
    )
    # As above, with the one plugin that the verb's own words need; and few processes.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p xdist")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    monkeypatch.setattr(verb, "ROOT", tmp_path)
    monkeypatch.setattr(verb, "_install_tools", lambda: None)
    code = verb.run(argparse.Namespace(words=[], fast=False, v2=False, fresh=False))
    lines = capfd.readouterr().out.splitlines()
    assert code == 1
    assert "1 failed, 3 passed in" in lines[-1]
    # Four runs, and a second try of what failed.
    assert lines.count(f"rootdir: {tmp_path}") == 5
