"""Real sessions in the step `keeping-data/named-volume`, on benches that are removed at the end."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab_engine import settings as settings_module
from lab_engine.course.lesson import load_course
from lab_engine.session.record import Record
from lab_engine.session.session import Session, new_session_id
from lab_engine.settings import Settings
from tests.bench.conftest import image_tag

__all__ = ["image_tag"]

LESSON = "keeping-data"
STEP = "named-volume"
Begin = Callable[..., Coroutine[Any, Any, Session]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(settings_module.load(), data_dir=tmp_path / "data", bench_memory=1 << 30)


@pytest.fixture
def record(settings: Settings) -> Record:
    return Record(settings.data_dir / "progress.sqlite")


@pytest.fixture
async def begin(image_tag: str, record: Record, settings: Settings) -> AsyncIterator[Begin]:
    """Begin a session; every bench whose session was begun here is removed at the end."""
    made: list[Session] = []

    async def make(
        seed: str = "test", lesson: str = LESSON, settings: Settings = settings
    ) -> Session:
        session = await Session.begin(
            load_course().lesson(lesson),
            record,
            settings,
            seed=seed,
            session=f"t{os.getpid()}-{new_session_id()}",
        )
        made.append(session)
        return session

    yield make
    for session in made:
        await session.down()
    record.close()
