"""Which session waits, who gets it, and that none is left: sessions are stand-ins here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from lab_engine import settings as settings_module
from lab_engine.course.lesson import Course, Lesson, load_course
from lab_engine.errors import BenchError
from lab_engine.session import waiting as sessions
from lab_engine.session.record import WAITING, Record
from lab_engine.settings import Settings
from lab_engine.tui import waiting
from lab_engine.tui.waiting import Waiting


class Session:
    """What `Waiting` needs of a session."""

    def __init__(self, record: Record, name: str) -> None:
        self.record, self.id = record, name
        self.status = "running"

    async def bench_status(self) -> str:
        return self.status

    async def claim(self) -> None:
        self.record.claim(self.id, "practice")

    async def down(self) -> None:
        self.record.end(self.id)


class Maker:
    """Makes stand-ins, once `gate` is open."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails: list[Exception] = []

    async def make(self, lesson: Lesson, record: Record, settings: Settings, seed: str) -> Session:
        name = f"s{len(self.made) + 1}"
        self.made.append(lesson.slug)
        record.begin(name, lesson.slug, seed, WAITING)
        try:
            await self.gate.wait()
            if self.fails:
                raise self.fails.pop(0)
        except BaseException:
            record.end(name)
            raise
        return Session(record, name)


@pytest.fixture(scope="module")
def course() -> Course:
    return load_course()


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path / "progress.sqlite")


@pytest.fixture
async def maker(monkeypatch: pytest.MonkeyPatch) -> Maker:
    made = Maker()
    monkeypatch.setattr(waiting, "REST", 0.0)
    monkeypatch.setattr(sessions, "make", made.make)
    monkeypatch.setattr(sessions, "clear", lambda record: None)
    monkeypatch.setattr(sessions, "buildable", lambda lesson: True)
    return made


@pytest.fixture
async def bench(maker: Maker, record: Record, tmp_path: Path) -> AsyncIterator[Waiting]:
    settings = settings_module.load({"HOME": str(tmp_path), "INFRALAB_BENCH_AHEAD": "on"})
    made = Waiting(record, settings)
    yield made
    await made.close()
    assert [row for row in record.open_sessions() if row.mode == WAITING] == []
    record.close()


async def until(true: Callable[[], object]) -> None:
    end = asyncio.get_running_loop().time() + 10
    while not true():
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.005)


def seed(bench: Waiting, lesson: Lesson) -> str:
    found = bench.seed(lesson)
    assert found is not None
    return found


async def test_it_is_taken_once_and_is_a_session_like_any_other(
    bench: Waiting, record: Record, course: Course
) -> None:
    lesson = course.lessons[0]
    assert bench.seed(lesson) is None
    bench.want(lesson)
    await until(lambda: bench.seed(lesson))
    drawn = seed(bench, lesson)
    taken = await bench.take(lesson, drawn)
    assert taken is not None
    (row,) = record.open_sessions()
    assert (row.id, row.seed, row.mode) == (taken.id, drawn, "practice")
    assert bench.seed(lesson) is None
    assert await bench.take(lesson, drawn) is None


async def test_one_on_its_way_is_waited_for_and_outlives_who_gave_up(
    bench: Waiting, maker: Maker, course: Course
) -> None:
    lesson = course.lessons[0]
    maker.gate.clear()
    bench.want(lesson)
    await until(lambda: maker.made)
    drawn = seed(bench, lesson)
    impatient = asyncio.ensure_future(bench.take(lesson, drawn))
    await asyncio.sleep(0.02)
    impatient.cancel()
    await asyncio.wait([impatient])
    taking = asyncio.ensure_future(bench.take(lesson, drawn))
    maker.gate.set()
    assert await taking is not None
    assert maker.made == [lesson.slug]


async def test_another_lesson_or_another_seed_removes_it(
    bench: Waiting, maker: Maker, record: Record, course: Course
) -> None:
    one, other = course.lessons[:2]
    bench.want(one)
    await until(lambda: len(maker.made) == 1 and bench.seed(one))
    bench.want(other)
    # Its seed is drawn before it is made.
    await until(lambda: len(maker.made) == 2 and bench.seed(other))
    assert maker.made == [one.slug, other.slug]
    assert [row.lesson for row in record.open_sessions()] == [other.slug]
    assert await bench.take(one, "mine") is None
    await until(lambda: not record.open_sessions())
    bench.want(one)
    await until(lambda: bench.seed(one))
    assert await bench.take(one, "mine") is None
    await until(lambda: not record.open_sessions())


async def test_the_cursor_passes_over_many(
    bench: Waiting, maker: Maker, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "REST", 0.05)
    for lesson in course.lessons[:6]:
        bench.want(lesson)
        await asyncio.sleep(0)
    await until(lambda: maker.made)
    assert maker.made == [course.lessons[5].slug]


async def test_a_failure_is_nobodys_trouble_and_is_not_repeated(
    bench: Waiting, maker: Maker, record: Record, course: Course
) -> None:
    lesson = course.lessons[0]
    maker.fails.append(BenchError("no room", hint="Make some."))
    bench.want(lesson)
    await until(lambda: maker.made and not record.open_sessions())
    bench.want(lesson)
    await asyncio.sleep(0.02)
    assert maker.made == [lesson.slug]
    assert await bench.take(lesson, "drawn") is None


@pytest.mark.parametrize("how", ["ended", "gone"])
async def test_one_that_somebody_removed_is_not_handed_out(
    bench: Waiting, record: Record, course: Course, how: str
) -> None:
    lesson = course.lessons[0]
    bench.want(lesson)
    await until(lambda: bench._wish and bench._wish.session)
    drawn = seed(bench, lesson)
    if how == "ended":
        record.end(record.open_sessions()[0].id)
    else:
        cast(Any, bench._wish and bench._wish.session).status = "gone"
    assert await bench.take(lesson, drawn) is None
    await until(lambda: not record.open_sessions())


async def test_none_where_the_image_is_absent_or_it_is_switched_off(
    bench: Waiting, maker: Maker, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "buildable", lambda lesson: False)
    bench.want(course.lessons[0])
    wish = bench._wish
    assert wish is not None
    await until(lambda: wish.task and wish.task.done())
    off = Waiting(bench._record, replace(bench._settings, bench_ahead="off"))
    off.want(course.lessons[0])
    assert off._wish is None
    assert maker.made == []
