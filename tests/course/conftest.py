"""The lesson of docs/authoring.md, written into a temporary folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.course.lesson import Lesson, load_course
from tests.course import authoring

PACKAGE = "authoring_example_labs"


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lesson]:
    authoring.write(tmp_path, PACKAGE)
    monkeypatch.syspath_prepend(tmp_path)
    yield load_course(tmp_path / "content", labs=PACKAGE).lesson("closed-network")
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
