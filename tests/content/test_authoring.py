"""docs/authoring.md: its example lints clean, and is proven on a real bench."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine import settings
from lab_engine.lesson import Lesson, load_course
from lab_engine.lint.run import lint
from lab_engine.record import Record
from tests.content import authoring

PACKAGE = "authoring_example_labs"


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lesson]:
    authoring.write(tmp_path, PACKAGE)
    monkeypatch.syspath_prepend(tmp_path)
    yield load_course(tmp_path / "content", labs=PACKAGE).lesson("closed-network")
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def test_lints_clean(lesson: Lesson) -> None:
    assert lint([lesson]) == []


@pytest.mark.bench
@pytest.mark.slow
async def test_is_proven(lesson: Lesson, tmp_path: Path) -> None:
    from lab_engine.proof.run import prove_lesson

    record = Record(tmp_path / "progress.sqlite")
    proof = await prove_lesson(lesson, "a", record, settings.load(), lambda _lesson, _case: None)
    record.close()
    assert [case for case in proof.cases if not case.good] == []
    kinds = {case.kind for case in proof.cases}
    assert {"start", "text", "near-miss", "solution", "left-out", "teardown"} <= kinds
