"""Lint, types and import contracts. They are tests, so that one summary line speaks for all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["ruff", "check", "--no-fix", "."], id="lint"),
        pytest.param(["lint-imports", "--no-logo"], id="import-contracts"),
        pytest.param(["mypy"], id="types"),
    ],
)
def test_gate(command: list[str]) -> None:
    tool, *words = command
    done = subprocess.run(
        [Path(sys.executable).with_name(tool), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def test_launcher_is_plain_sh() -> None:
    """`sh` is dash on Debian and Ubuntu: bash would accept more than users have."""
    done = subprocess.run(
        ["dash", "-n", str(ROOT / "infralab")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
