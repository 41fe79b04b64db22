from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.agent.providers import provider
from lab_engine.families import registry
from tests.agent.fake import FAMILY, FakeProvider, Thing


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in which the provider named `fake` works."""
    folder = tmp_path / "world"
    folder.mkdir()
    monkeypatch.setattr(FakeProvider, "world", folder, raising=False)
    monkeypatch.setattr(FakeProvider, "log", [])
    monkeypatch.setitem(registry.KINDS, "fake", Thing)
    monkeypatch.setitem(registry.FAMILIES, "fake", FAMILY)
    provider.cache_clear()
    yield folder
    provider.cache_clear()
