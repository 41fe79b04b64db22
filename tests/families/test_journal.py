"""What a daemon told: kept once each, in bounds, also by the next agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab_engine.families import journal
from lab_engine.families.journal import Journal


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(journal, "FOLDER", tmp_path)
    monkeypatch.setattr(journal, "FIRST_SECONDS", 0.0)
    return tmp_path


def told(kept: Journal) -> list[str]:
    return [one.action for one in kept.told("container").happenings]


def test_what_is_told_twice_is_kept_once(folder: Path) -> None:
    kept = Journal("docker")
    for at in (1.0, 2.0, 2.0, 1.0):
        kept.note(at, "container", f"start {at:g}", "web", "id")
    assert told(kept) == ["start 1", "start 2"]


def test_the_next_agent_knows_it(folder: Path) -> None:
    Journal("docker").note(1.0, "container", "start", "web", "id")
    after = Journal("docker")
    after.note(1.0, "container", "start", "web", "id")
    after.note(2.0, "container", "die", "web", "id")
    assert told(after) == ["start", "die"]


def test_a_thing_is_found_by_a_name_that_it_had(folder: Path) -> None:
    kept = Journal("docker")
    kept.note(1.0, "container", "start", "web", "id")
    kept.note(2.0, "container", "rename", "shop", "id")
    kept.note(3.0, "container", "start", "web", "other")
    assert [one.id for one in kept.told("container", "shop").happenings] == ["id", "id"]


def test_neither_memory_nor_disk_grows_without_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "KEPT", 10)
    kept = Journal("docker")
    for number in range(95):
        kept.note(float(number), "container", f"start {number}", "web", "id")
    lines = (folder / "docker.jsonl").read_bytes().splitlines()
    assert len(lines) < 2 * 10
    assert told(Journal("docker")) == [f"start {number}" for number in range(85, 95)]
