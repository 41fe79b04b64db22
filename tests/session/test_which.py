"""Which of the open sessions is meant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.errors import UsageError
from lab_engine.session import which
from lab_engine.session.record import Record


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    made = Record(tmp_path / "progress.sqlite")
    made.begin("aa1", "namespaces", "7")
    made.begin("aa2", "keeping-data", "7")
    made.begin("b1", "namespaces", "8", "assessed")
    made.begin("c1", "namespaces", "9", "proof")
    yield made
    made.close()


def found(row: object) -> str:
    return str(getattr(row, "id", None))


def test_the_one_touched_last_that_fits(record: Record) -> None:
    assert found(which.latest(record)) == "b1"
    assert found(which.latest(record, mode="practice")) == "aa2"
    assert found(which.latest(record, lessons={"namespaces"}, seed="7")) == "aa1"
    record.enter("aa1", "uts", {})
    assert found(which.latest(record)) == "aa1"
    record.end("aa1")
    assert which.latest(record, lessons={"namespaces"}, mode="practice") is None


def test_a_proof_is_nobodys_work(record: Record) -> None:
    assert which.latest(record, seed="9") is None
    assert [row.id for row in which.of_learners(record)] == ["b1", "aa2", "aa1"]


def test_by_the_beginning_of_an_id(record: Record) -> None:
    assert which.named(record, "b").lesson == "namespaces"
    with pytest.raises(UsageError, match="2 open sessions begin with 'aa'") as problem:
        which.named(record, "aa")
    assert "aa1" in problem.value.hint
    with pytest.raises(UsageError, match="0 open sessions begin with 'zz'"):
        which.named(record, "zz")
