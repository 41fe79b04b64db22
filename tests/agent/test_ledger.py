from __future__ import annotations

from pathlib import Path

import pytest

from lab_engine.agent.ledger import Ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def test_an_intent_without_an_end_is_pending_for_the_next_agent(path: Path) -> None:
    first = Ledger(path)
    first.write("create", "intend", "container/a", "s")
    first.write("create", "done", "container/a", "s")
    first.write("create", "intend", "container/b", "s")
    second = Ledger(path)
    assert list(second.standing) == ["container/a"]
    assert second.pending == {"container/b": "create"}


def test_a_removal_takes_it_off_the_list(path: Path) -> None:
    ledger = Ledger(path)
    for phase in ("intend", "done"):
        ledger.write("create", phase, "link/l", "s")
    ledger.write("destroy", "intend", "link/l", "s")
    assert Ledger(path).pending == {"link/l": "destroy"}
    ledger.write("destroy", "done", "link/l", "s")
    again = Ledger(path)
    assert not again.standing
    assert not again.pending


def test_a_torn_last_line_is_ignored_and_the_next_entry_is_whole(path: Path) -> None:
    ledger = Ledger(path)
    ledger.write("create", "intend", "host/h", "s")
    with path.open("ab") as file:
        file.write(b'{"act":"create","pha')
    after = Ledger(path)
    after.write("create", "done", "host/h", "s")
    assert list(Ledger(path).standing) == ["host/h"]


def test_compacting_keeps_what_counts(path: Path) -> None:
    ledger = Ledger(path)
    for name in "abc":
        for phase in ("intend", "done"):
            ledger.write("create", phase, f"file/{name}", "s")
    ledger.write("destroy", "intend", "file/a", "s")
    ledger.write("destroy", "done", "file/a", "s")
    ledger.write("create", "intend", "file/d", "s")
    ledger.compact()
    ledger.write("create", "done", "file/d", "s")
    after = Ledger(path)
    assert sorted(after.standing) == ["file/b", "file/c", "file/d"]
    assert not after.pending
    assert path.read_bytes().count(b"\n") == 4
