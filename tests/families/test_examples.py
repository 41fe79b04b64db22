"""Every kind of resource and every probe has an example in its docstring, and it is right.

An example is the indented block after `Example::`. Its first expression makes the thing, with what
`lab_engine.authoring` has; the second one of a probe is what a check may require of the reading.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import pytest
from mypy import api

from lab_engine import authoring
from lab_engine.common.probe import Probe
from lab_engine.common.resource import Resource
from lab_engine.families.registry import KINDS, PROBES, AnyProbe, AnyResource

ROOT: Final = Path(__file__).parents[2]
Documented = type[Resource] | type[Probe[Any]]
EVERY: Final[tuple[Documented, ...]] = (*KINDS.values(), *PROBES)


class Example(NamedTuple):
    makes: str
    requires: str


def example(kind: Documented) -> Example:
    """The example of a class; fails when there is none."""
    _, found, after = inspect.cleandoc(kind.__doc__ or "").partition("\nExample::\n")
    assert found, f"{kind.__name__} has no `Example::` in its docstring"
    lines = after.splitlines()
    beyond = next((at for at, line in enumerate(lines) if line and line[0] != " "), len(lines))
    block = textwrap.dedent("\n".join(lines[:beyond])).strip()
    statements = [ast.get_source_segment(block, one) or "" for one in ast.parse(block).body]
    assert len(statements) == (2 if issubclass(kind, Probe) else 1), statements
    return Example(statements[0], statements[1] if statements[1:] else "True")


@pytest.mark.parametrize("kind", EVERY, ids=[kind.__name__ for kind in EVERY])
def test_an_example_makes_what_it_is_of(kind: Documented) -> None:
    made = eval(example(kind).makes, dict(vars(authoring)))
    assert type(made) is kind
    sent = msgspec.json.encode(made)
    union: Any = AnyProbe if issubclass(kind, Probe) else AnyResource
    assert msgspec.json.decode(sent, type=union) == made


def test_what_examples_require_can_be_asked_of_the_readings(tmp_path: Path) -> None:
    """Types are checked as those of a lab would be."""
    source = ["from lab_engine.authoring import *"]
    for probe in PROBES:
        reading = probe.reading
        source += [
            f"from {reading.__module__} import {reading.__name__} as {probe.__name__}_",
            f"def of_{probe.__name__}(reading: {probe.__name__}_) -> bool:",
            f"    return bool({example(probe).requires})",
        ]
    module = tmp_path / "examples.py"
    module.write_text("\n".join(source), encoding="utf-8")
    said, errors, code = api.run(["--config-file", str(ROOT / "pyproject.toml"), str(module)])
    assert code == 0, said + errors
