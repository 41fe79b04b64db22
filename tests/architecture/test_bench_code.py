"""The bench holds all the code that runs in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from lab_engine.bench import recipe

LIB: Final = "/opt/infralab/lib/"


def modules() -> dict[str, str]:
    """Every module of the engine in a bench, with its text."""
    found = {}
    for entry in recipe.layer():
        path = PurePosixPath(entry.path)
        if entry.path.startswith(LIB) and path.suffix == ".py":
            inside = path.relative_to(LIB).with_suffix("")
            parts = inside.parts[:-1] if inside.name == "__init__" else inside.parts
            found[".".join(parts)] = entry.data.decode()
    return found


def needs(text: str) -> Iterator[tuple[str, ...]]:
    """For each import from the engine the names of which one must be a module."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((alias.name,) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{alias.name}", node.module) for alias in node.names)


def test_what_it_imports_is_in_the_bench() -> None:
    """Else the agent ends at its first line, in every bench."""
    there = modules()
    assert "lab_engine.agent.__main__" in there
    missing = [
        f"{module} imports {names[0]}"
        for module, text in there.items()
        for names in needs(text)
        if names[-1].startswith("lab_engine")
        and not (names[-1] in there and (names[0] in there or not _is_module(names[0])))
    ]
    assert missing == []


def _is_module(name: str) -> bool:
    """Whether the engine has a module of that name, wherever it runs."""
    path = recipe._PACKAGE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()
