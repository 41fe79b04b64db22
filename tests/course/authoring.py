"""The lesson that docs/authoring.md writes, taken from the page."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "authoring.md"
_FILE = re.compile(r"^`((?:content|labs)/\S+)`\n\n(`{4,})\w+\n(.*?)^\2$", re.MULTILINE | re.DOTALL)
COURSE = """title = "A course"
[[chapters]]
number = "07"
title = "Seven"
"""


def write(root: Path, package: str) -> None:
    """Write the page's files under `root`, the lab into the Python package `package`."""
    files = {match[1]: match[3] for match in _FILE.finditer(PAGE.read_text())}
    assert len(files) == 3, sorted(files)
    files["content/course.toml"] = COURSE
    files["content/syllabus.tsv"] = (PAGE.parents[1] / "content" / "syllabus.tsv").read_text()
    files["labs/__init__.py"] = ""
    for name, text in files.items():
        path = root / name.replace("labs/", f"{package}/", 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
