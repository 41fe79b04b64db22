"""`docs/architecture.md` is true: what it names is there, and every folder is named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED: Final = frozenset(re.findall(r"`((?:lab_engine|tests|labs|content)/[\w./-]*)`", PAGE))
STATIONS: Final = ("load", "plan", "provision", "check", "record", "teardown")


def folders(parent: Path) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}/"
        for path in sorted(parent.iterdir())
        if path.is_dir() and path.name != "__pycache__" and any(path.rglob("*.py"))
    ]


@pytest.mark.parametrize("path", sorted(NAMED))
def test_what_it_names_is_there(path: str) -> None:
    found = ROOT / path
    assert found.is_dir() if path.endswith("/") else found.is_file()


@pytest.mark.parametrize(
    "folder", [*folders(ROOT / "lab_engine"), *folders(ROOT / "lab_engine" / "families")]
)
def test_every_folder_is_named(folder: str) -> None:
    assert folder in NAMED


def test_every_module_of_the_top_is_named() -> None:
    tops = {f"lab_engine/{path.name}" for path in (ROOT / "lab_engine").glob("[a-z]*.py")}
    assert tops <= NAMED


def test_a_step_is_followed_through_few_files() -> None:
    _, _, part = PAGE.partition("## One step")
    part, _, _ = part.partition("\n## ")
    files = re.findall(r"^\| (\w+) \| `(lab_engine/[\w/]+\.py)`", part, re.MULTILINE)
    assert [station for station, _ in files if station in STATIONS] == list(STATIONS)
    assert len(files) <= 8
