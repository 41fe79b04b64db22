from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.grading.cluster import workers as real
from tests.grading.cluster.workers import Workers
from tests.session.conftest import image_tag

__all__ = ["image_tag"]


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with real.scheduler(tmp_path_factory.mktemp("scheduler")) as address:
        yield address


@pytest.fixture
def workers(scheduler: str, tmp_path: Path) -> Iterator[Workers]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    found = Workers(folder, scheduler)
    yield found
    found.end()
