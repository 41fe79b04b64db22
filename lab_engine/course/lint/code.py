"""What can be read from a lab's functions without running them."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import msgspec

from lab_engine.common.probe import Probe

REQUIREMENT = "require_"
"""What the names of the vocabulary for labs begin with."""


def pieces(
    function: Callable[..., Any], seen: set[CodeType] | None = None, *, required: bool = True
) -> Iterator[tuple[CodeType, dict[str, Any]]]:
    """Its code with its globals, that of functions in it, and of those of its package it calls.

    `required`: that of the requirements that it calls as well, which give reasons and ask probes.
    """
    seen = set() if seen is None else seen
    function = inspect.unwrap(function)
    if not isinstance(function, FunctionType):
        return
    package = function.__module__.partition(".")[0]
    waiting = [function.__code__]
    # What a decorator wraps, or a factory makes, has its parts in its closure.
    closed = [cell.cell_contents for cell in function.__closure__ or ()]
    others = [f for f in closed if isinstance(f, FunctionType)]
    while waiting:
        code = waiting.pop()
        if code in seen:
            continue
        seen.add(code)
        yield code, function.__globals__
        waiting.extend(const for const in code.co_consts if isinstance(const, CodeType))
        for name in code.co_names:
            called = function.__globals__.get(name)
            if not isinstance(called, FunctionType):
                continue
            vocabulary = called.__name__.startswith(REQUIREMENT)
            if (vocabulary and required) or called.__module__.startswith(package):
                others.append(called)
    for other in others:
        yield from pieces(other, seen, required=required)


def names(functions: Iterable[Callable[..., Any]], *, required: bool = True) -> set[str]:
    """Every global and attribute name in them."""
    return {
        name
        for f in functions
        for code, _ in pieces(f, required=required)
        for name in code.co_names
    }


def strings(function: Callable[..., Any]) -> set[str]:
    """Every string written in it."""
    return {c for code, _ in pieces(function) for c in code.co_consts if isinstance(c, str)}


def probes(function: Callable[..., Any]) -> set[type[Probe[Any]]]:
    """The probes that a check names."""
    named = (space.get(name) for code, space in pieces(function) for name in code.co_names)
    return {one for one in named if isinstance(one, type) and issubclass(one, Probe)}


def fields_read(
    functions: Iterable[Callable[..., Any]], variables: type[msgspec.Struct]
) -> set[str]:
    """The variables that the functions read, through properties of the class too."""
    known = {field.name for field in msgspec.structs.fields(variables)}
    found: set[str] = set()
    waiting, seen = names(functions, required=False), set[str]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        if name in known:
            found.add(name)
            continue
        member = inspect.getattr_static(variables, name, None)
        getter = member.fget if isinstance(member, property) else member
        if isinstance(getter, FunctionType) and getter.__module__ == variables.__module__:
            waiting |= names([getter]) - seen
    return found


def wanted(check: Callable[..., Any], variables: type[msgspec.Struct]) -> set[str]:
    """The variables that a check reads from its own argument, in its helpers too.

    More exact than `fields_read`, which takes `process.hostname` for a variable called `hostname`;
    but it misses a helper that calls its argument by another name than the check does.
    """
    known = {field.name for field in msgspec.structs.fields(variables)}
    plain = inspect.unwrap(check)
    argument = "v"
    if isinstance(plain, FunctionType) and plain.__code__.co_argcount > 1:
        argument = plain.__code__.co_varnames[1]
    found = {
        attribute
        for piece, _ in pieces(check, required=False)
        for name, attribute in _attributes(piece)
        if name == argument
    }
    return found & known


def _attributes(code: CodeType) -> frozenset[tuple[str, str]]:
    """What is read in a function as `name.attribute`, from its file: in it, and all that is in it.

    Lambdas on one line cannot be told apart, so all of them are given.
    """
    source = Path(code.co_filename).read_text(encoding="utf-8")
    return _read(source).get((code.co_name, code.co_firstlineno), frozenset())


# Functions are asked about one by one, and each time the whole file would be parsed and searched.
@lru_cache(maxsize=64)
def _read(source: str) -> dict[tuple[str, int], frozenset[tuple[str, str]]]:
    """`_attributes` of every function of a file, by its name and first line."""
    found: dict[tuple[str, int], frozenset[tuple[str, str]]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Lambda):
            key = ("<lambda>", node.lineno)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            # Python counts a function's first line from its decorators.
            key = (node.name, min([node.lineno, *(one.lineno for one in node.decorator_list)]))
        else:
            continue
        inner = (
            (one.value.id, one.attr)
            for one in ast.walk(node)
            if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name)
        )
        found[key] = found.get(key, frozenset()).union(inner)
    return found


def place(function: Callable[..., Any]) -> str:
    """`labs/<lesson>/<module>.py:line`, as far as the path is inside a package."""
    plain = inspect.unwrap(function)
    if not isinstance(plain, FunctionType):
        return str(function)
    path = Path(plain.__code__.co_filename)
    depth = plain.__module__.count(".") + (2 if path.name == "__init__.py" else 1)
    return f"{'/'.join(path.parts[-depth:])}:{plain.__code__.co_firstlineno}"
