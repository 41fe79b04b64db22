"""What a step is made of beside its text: modules of labs, and the words of `authoring` in them.

Found in the source, not by running it: a proof holds for what its step uses, and a change of
anything else makes no proof old.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from lab_engine.errors import ContentError

if TYPE_CHECKING:
    from lab_engine.course.lesson import Lesson

DOOR = "lab_engine.authoring"


def modules(lesson: Lesson, step: str) -> list[ModuleType]:
    """The modules of labs that make a step, by name: where it is declared, and what that imports.

    All of the lab's when none declares it by its name. Raises ContentError without a lab.
    """
    folder = lesson.lab_folder
    package = f"{lesson.labs}.{folder.name}"
    names = [
        ".".join((package, *path.relative_to(folder).with_suffix("").parts))
        for path in sorted(folder.rglob("*.py"))
        if path.name != "__init__.py" and "given" not in path.relative_to(folder).parts
    ]
    # Not every file there need be imported by the lab.
    own = [sys.modules[name] for name in [package, *names] if name in sys.modules]
    found: dict[str, ModuleType] = {}
    ahead = [module for module in own if step in _steps(_file(module))] or own
    while ahead:
        module = ahead.pop()
        if module.__name__ not in found:
            found[module.__name__] = module
            ahead += _imported(module, lesson.labs)
    return [found[name] for name in sorted(found)]


def words(used: list[ModuleType]) -> dict[str, str]:
    """The source of each resource, probe and requirement that the modules import, by its name.

    Functions and classes only. Of a constant nothing is said: the labs that use it are its tests.
    Raises ContentError when a module's file was written anew since it was loaded.
    """
    found: dict[str, str] = {}
    for module in used:
        for node in _tree(_file(module)).body:
            if isinstance(node, ast.ImportFrom) and node.module == DOOR:
                for alias in node.names:
                    try:
                        word = getattr(module, alias.asname or alias.name)
                    except AttributeError as error:
                        raise ContentError(
                            f"imports {alias.name} now, which it did not when it was loaded",
                            where=str(_file(module)),
                            hint="Begin again: this program knows the lab only as it was.",
                        ) from error
                    if isinstance(word, ModuleType):
                        found[word.__name__] = _file(word).read_text()
                    elif inspect.isclass(word) or inspect.isfunction(word):
                        path = _file(sys.modules[word.__module__])
                        defined = _definitions(path, path.stat().st_mtime_ns)
                        # One made by a call, such as a class by a factory, is what its file says.
                        text = defined.get(word.__qualname__) or path.read_text()
                        found[f"{word.__module__}.{word.__qualname__}"] = text
    return found


def given(used: list[ModuleType]) -> list[Path]:
    """What labs give to learners: all in the folders of the modules that is no module itself."""
    return [
        path
        for folder in sorted({_file(module).parent for module in used})
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and "__pycache__" not in path.parts
        and (path.suffix != ".py" or "given" in path.relative_to(folder).parts)
    ]


@functools.lru_cache(maxsize=512)
def _declared(path: Path, changed: int) -> frozenset[str]:
    """The names in a file's calls like `lab.step("NAME", ...)`."""
    found = set()
    for node in ast.walk(_parsed(path, changed)):
        match node:
            case ast.Call(func=ast.Attribute(attr="step"), args=[ast.Constant(str() as name), *_]):
                found.add(name)
    return frozenset(found)


def _imported(module: ModuleType, labs: str) -> Iterator[ModuleType]:
    for node in _tree(_file(module)).body:
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            # A name may be a module of the package, or something in it.
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name for name in inner if name in sys.modules] or [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.startswith(f"{labs}."):
                yield importlib.import_module(name)


@functools.lru_cache(maxsize=512)
def _definitions(path: Path, changed: int) -> dict[str, str]:
    """The source of each function and class at the top of a module, by name, decorators and all."""
    lines = path.read_text().splitlines()
    found = {}
    for node in _parsed(path, changed).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = min(one.lineno for one in (node, *node.decorator_list))
            found[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
    return found


def _file(module: ModuleType) -> Path:
    return Path(str(module.__file__))


def _steps(path: Path) -> frozenset[str]:
    return _declared(path, path.stat().st_mtime_ns)


def _tree(path: Path) -> ast.Module:
    return _parsed(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=512)
def _parsed(path: Path, changed: int) -> ast.Module:
    """`changed` is when the file was, so that an author's next word is not missed."""
    return ast.parse(path.read_bytes(), str(path))
