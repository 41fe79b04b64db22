"""Who may know whom: what import-linter cannot say, and what happens at run time."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "lab_engine"
SHOWS = ("cli", "tui", "__main__.py")
# Most files name nothing of the sort, and to parse them all takes a second.
MAY_NAME_THEM = re.compile(r"lab_engine\s*\.\s*(cli|tui|__main__)|from\s+lab_engine\s+import")


def imported(path: Path) -> set[str]:
    """Every module that a file names in an import, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def test_engine_does_not_know_who_shows_it() -> None:
    culprits = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in ENGINE.rglob("*.py")
        if path.relative_to(ENGINE).parts[0] not in SHOWS
        and MAY_NAME_THEM.search(path.read_text(encoding="utf-8"))
        for name in imported(path)
        if name.startswith(("lab_engine.cli", "lab_engine.tui", "lab_engine.__main__"))
    ]
    assert culprits == []


def modules_after(statement: str, *flags: str) -> set[str]:
    """The modules that a fresh Python has loaded after a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, *flags, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    "module",
    [
        "lab_engine.session.session",
        "lab_engine.session.check",
        "lab_engine.cli.frame",
        "lab_engine.course.lab",
    ],
)
def test_client_loads_nothing_of_the_bench(module: str) -> None:
    loaded = {name.partition(".")[0] for name in modules_after(f"import {module}")}
    assert loaded.isdisjoint({"textual", "libvirt", "libvirt_qemu", "pyroute2"})


def test_the_agent_loads_nothing_of_the_client() -> None:
    loaded = modules_after("import lab_engine.agent.server")
    assert {name for name in loaded if name.partition(".")[0] in {"textual", "labs"}} == set()
    assert loaded.isdisjoint({"lab_engine.session", "lab_engine.proof", "lab_engine.course"})


def test_help_needs_no_package() -> None:
    """The launcher shows help and runs doctor on a bare Python, before anything is installed."""
    verbs = "from lab_engine.cli import frame; frame.parser(frame.available())"
    loaded = {name.partition(".")[0] for name in modules_after(verbs)}
    assert loaded.isdisjoint({"msgspec", "docker", "requests", "textual", "markdown_it"})


def test_doctor_runs_on_a_bare_python() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-P", "-m", "lab_engine", "doctor", "--json"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert {"ready", "findings"} == set(json.loads(done.stdout))
