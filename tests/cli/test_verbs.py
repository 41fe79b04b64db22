"""The single commands, each a process of its own, on a real bench."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab_engine.course.lesson import load_course
from lab_engine.course.seed import Seed

pytestmark = [pytest.mark.bench, pytest.mark.slow]
LESSON = "docker-networking"
Verb = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def infralab(image_tag: str, tmp_path: Path) -> Iterator[Verb]:
    """Runs a verb with a data folder of the test's own; its bench is removed at the end."""
    own = {"INFRALAB_DATA_DIR": str(tmp_path / "data"), "INFRALAB_BENCH_MEMORY": "1g"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "lab_engine", *words],
            env={**os.environ, **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    yield run
    run("down")


def test_a_step_from_up_to_down(infralab: Verb) -> None:
    first = load_course().lesson(LESSON).steps[0]
    made = infralab("up", LESSON, "--seed", "verbs", "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["step"] == first.name
    assert infralab("plan", "--json").returncode == 0
    assert infralab("check").returncode == 1

    lab = load_course().lesson(LESSON).lab.steps[first.name]
    script = lab.solutions[0].script(load_course().lesson(LESSON).variables(Seed("verbs")))
    done = infralab("run", "--", "bash", "-ec", "\n".join(script))
    assert done.returncode == 0, done.stderr
    assert infralab("run", "--", "sh", "-c", "exit 7").returncode == 7
    assert infralab("check").returncode == 0

    again = infralab("up", LESSON)
    assert again.returncode == 0, again.stderr
    assert first.name in again.stdout
    assert infralab("check").returncode == 0, "going on in a session undid the work"
    assert infralab("down").returncode == 0
    assert infralab("check").returncode == 2
