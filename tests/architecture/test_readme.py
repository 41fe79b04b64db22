"""The README tells of every lesson, and nothing lies in the clone that no page speaks of."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from lab_engine.course.lesson import load_course

ROOT: Final = Path(__file__).parents[2]
TOP: Final = frozenset(
    (
        ".ci", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md",
        "benchmarks", "content", "docs", "infralab", "lab_engine", "labs", "packs",
        "pyproject.toml", "requirements-cluster.lock", "requirements-dev.lock",
        "requirements.lock", "tests", "vagrant",
    )
)  # fmt: skip
"""What else lies there was left by somebody; a new entry of the kit is added here."""


def test_each_lesson_is_in_the_readme_in_the_courses_order() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _, _, part = readme.partition("## The lessons so far")
    part, _, _ = part.partition("\n## ")
    named = re.findall(r"^\| `([\w-]+)` \|", part, re.MULTILINE)
    assert named == [lesson.slug for lesson in load_course().lessons]


def test_nothing_strays_at_the_top() -> None:
    done = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, timeout=60, check=False
    )
    if done.returncode:
        pytest.skip("this is no clone of git")
    assert {name.partition("/")[0] for name in done.stdout.decode().split("\0") if name} == TOP
