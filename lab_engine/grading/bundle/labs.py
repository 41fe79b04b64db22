"""A lab's modules without solutions, near misses and answers, and without what only these use.

Found in the source and written anew from it, so that no comment says what was taken out. What
cannot be taken out for sure is an error: nothing is handed to learners then.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Final

from lab_engine.errors import ContentError

TAKEN_OUT: Final = frozenset({"solution", "near_miss", "answer"})
KEPT: Final = frozenset({"lab", "__all__"})


def stripped(modules: Mapping[str, bytes]) -> dict[str, bytes]:
    """The modules of one lab, by their path in its folder.

    Raises ContentError when a solution or near miss is declared where it cannot be taken out.
    """
    trees = {name: ast.parse(data, name) for name, data in modules.items()}
    for name, tree in trees.items():
        tree.body = [one for one in tree.body if not _is_proof(one)]
        _without_words(tree)
        _require_none(tree, name)
    while _drop_unused(trees):
        pass
    return {
        name: (ast.unparse(ast.fix_missing_locations(tree)) + "\n").encode()
        for name, tree in trees.items()
    }


def require_no_proofs(data: bytes, name: str) -> None:
    """Of a module that is handed on as it is. Raises ContentError when it declares a proof."""
    _require_none(ast.parse(data, name), name)


def _is_proof(node: ast.stmt) -> bool:
    """A statement that does nothing but declare proofs or answers."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=word))):
            return word in TAKEN_OUT
        case ast.For(body=body):
            return all(_is_proof(one) for one in body)
        case ast.FunctionDef(decorator_list=marks) | ast.AsyncFunctionDef(decorator_list=marks):
            return any(_declares(mark) for mark in marks)
    return False


def _declares(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr=word)):
            return word in TAKEN_OUT
    return False


def _require_none(tree: ast.Module, name: str) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in TAKEN_OUT:
            raise ContentError(
                f"`.{node.attr}` is used where it cannot be taken out",
                where=f"{name}:{node.lineno}",
                hint="Call it at the top of the module, or in a `for` there.",
            )


def _without_words(tree: ast.Module) -> None:
    """Docstrings say how a thing is done; a function of nothing else still needs a body."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            match node.body:
                case [ast.Expr(value=ast.Constant(value=str())), *rest]:
                    node.body = rest or ([] if isinstance(node, ast.Module) else [ast.Pass()])


def _drop_unused(trees: Mapping[str, ast.Module]) -> bool:
    """Take out functions, values and imports that nothing names any more. Whether there were."""
    modules = {PurePosixPath(name).stem for name in trees}
    named = _imported(trees.values(), modules)
    found = False
    for name, tree in trees.items():
        used = (
            named[""]
            | named.get(PurePosixPath(name).stem, set())
            | {
                node.id
                for node in ast.walk(tree)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
            }
        )
        left = [one for one in tree.body if not _is_unused(one, used)]
        found |= len(left) != len(tree.body)
        tree.body = left
        found |= _drop_unused_imports(tree, used, modules)
    return found


def _drop_unused_imports(tree: ast.Module, used: set[str], modules: set[str]) -> bool:
    """Take out names that are imported and not used. A module is imported for what it declares."""
    found = False
    for n, node in enumerate(tree.body):
        if not isinstance(node, ast.ImportFrom) or node.module in (None, "__future__"):
            continue
        left = [one for one in node.names if (one.asname or one.name) in used | modules | KEPT]
        found |= len(left) != len(node.names)
        if left:
            node.names = left
        else:
            assert node.module is not None
            tree.body[n] = ast.Import([ast.alias(node.module)])
    return found


def _is_unused(node: ast.stmt, used: set[str]) -> bool:
    match node:
        case (
            ast.FunctionDef(name=name, decorator_list=[])
            | ast.AsyncFunctionDef(name=name, decorator_list=[])
        ):
            return name not in used
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ):
            return name not in used | KEPT and not _calls(value)
    return False


def _calls(value: ast.AST) -> bool:
    """Whether something is called now. A call may do something: `step = lab.step(...)` does."""
    match value:
        case ast.Call():
            return True
        case ast.Lambda():
            # What stands in it is called later, by whoever has its name, which nobody has.
            return False
    return any(_calls(one) for one in ast.iter_child_nodes(value))


def _imported(trees: Iterable[ast.Module], modules: set[str]) -> dict[str, set[str]]:
    """What is taken from each of a lab's modules; under "" what is named as an attribute.

    By module: one that is imported nowhere but beside itself would be kept by its own import.
    """
    found: dict[str, set[str]] = {"": set()}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                last = node.module.rpartition(".")[2]
                key = last if last in modules else "__init__"
                found.setdefault(key, set()).update(alias.name for alias in node.names)
            elif isinstance(node, ast.Attribute):
                found[""].add(node.attr)
    return found
