"""Every requirement has an example in its docstring, reasons, and a row in the authors' table."""

from __future__ import annotations

import doctest
import inspect
import re
import textwrap
from pathlib import Path
from typing import Any, Final

import pytest
from mypy import api

from lab_engine import authoring
from lab_engine.common import kindly

ROOT: Final = Path(__file__).parents[2]
REQUIREMENTS: Final = sorted(name for name in dir(authoring) if name.startswith("require_"))


def example(name: str) -> str:
    """The indented block after the first paragraph."""
    lines = inspect.cleandoc(getattr(authoring, name).__doc__ or "").splitlines()
    block: list[str] = []
    for line in lines:
        if line.startswith("    "):
            block.append(line)
        elif block and line:
            break
    return textwrap.dedent("\n".join(block)).strip()


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_it_says_what_it_gives(name: str) -> None:
    function: Any = getattr(authoring, name)
    text = inspect.getdoc(function) or ""
    assert "Reasons" in text, f"{name} does not list its reasons"
    told = set(re.findall(r"`([a-z][a-z-]+)`", text.partition("Reasons")[2].partition("\n\n")[0]))
    given = set(re.findall(r'require\(\s*[^"]*?,\s*"([a-z][a-z-]+)"', inspect.getsource(function)))
    assert given <= told, f"{name} gives {sorted(given - told)} and does not say so"
    assert f"`{name}`" in (ROOT / "docs/authoring.md").read_text(encoding="utf-8")


def test_examples_are_what_a_lab_could_say(tmp_path: Path) -> None:
    """Types are checked as those of a lab would be."""
    source = ["from typing import Any", "from lab_engine.authoring import *", "v: Any = None", ""]
    for name in REQUIREMENTS:
        if not inspect.iscoroutinefunction(getattr(authoring, name)):
            continue
        said = example(name)
        assert name in said, f"{name} has no example"
        source += [f"async def of_{name}(see: See) -> None:", textwrap.indent(said, "    "), ""]
    module = tmp_path / "examples.py"
    module.write_text("\n".join(source), encoding="utf-8")
    told, errors, code = api.run(["--config-file", str(ROOT / "pyproject.toml"), str(module)])
    assert code == 0, told + errors


def test_reading_kindly() -> None:
    assert doctest.testmod(kindly).attempted > 0
    assert doctest.testmod(kindly).failed == 0
