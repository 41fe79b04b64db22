"""A test that fails leaves no program of ours behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FAILS = """
import subprocess, sys, time

def test_it():
    program = "import subprocess; subprocess.run(['sleep', '600'])"
    began = subprocess.Popen([sys.executable, "-c", program, "lab_engine"])
    other = subprocess.Popen(["sleep", "601"])
    while not (children := open(f"/proc/{began.pid}/task/{began.pid}/children").read().split()):
        pass
    with open("began", "w") as file:
        print(began.pid, *children, other.pid, file=file)
    raise AssertionError("it fails")

def test_after():
    first, second, other = open("began").read().split()
    assert open(f"/proc/{other}/cmdline").read().startswith("sleep")
    subprocess.run(["kill", other], check=True)
    # What was killed ends when it has its turn: on a busy machine that takes a moment.
    end = time.monotonic() + 20
    while any(runs(pid) for pid in (first, second)):
        assert time.monotonic() < end
        time.sleep(0.01)

def runs(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
"""


def test_a_test_that_fails_ends_what_it_began(tmp_path: Path) -> None:
    (tmp_path / "test_fails.py").write_text(FAILS)
    words = ["-p", "tests.left", "-p", "no:cacheprovider", "--rootdir", ".", "-c", "/dev/null"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "test_fails.py"],
        cwd=tmp_path,
        # Loading every plugin that is installed would take longer than the tests.
        env={
            "PYTHONPATH": str(ROOT),
            "PATH": "/usr/bin:/bin",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout
