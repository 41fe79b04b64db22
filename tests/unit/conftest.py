from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.agent.providers import provider
from lab_engine.families import registry
from tests.unit.fake import FAMILY, FakeProvider, Thing
from tests.unit.kit import Kit


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


@pytest.fixture
def kit(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Kit]:
    """A whole small course, with its lab in a package of its own."""
    package = f"kit_{abs(hash(request.node.nodeid))}"
    monkeypatch.syspath_prepend(tmp_path)
    yield Kit(tmp_path, package)
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]
