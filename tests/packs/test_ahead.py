"""The learner is offered a later lesson's packs once; they are built in a process apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lab_engine import settings as settings_module
from lab_engine.course.lesson import Lesson, load_course
from lab_engine.errors import DockerUnavailable, PacksMissing
from lab_engine.packs import ahead, image
from lab_engine.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(settings_module.load({"HOME": str(tmp_path)}), data_dir=tmp_path / "data")


@pytest.fixture
def lessons(monkeypatch: pytest.MonkeyPatch) -> tuple[Lesson, ...]:
    """The course, with a pack in its last lesson but one alone, which is not built."""
    course = load_course()
    *others, one, last = course.lessons
    earlier = [replace(lesson, packs=()) for lesson in others]
    changed = (*earlier, replace(one, packs=("big",)), replace(last, packs=()))
    whole = replace(course, chapters=(replace(course.chapters[0], lessons=changed),))
    monkeypatch.setattr(ahead, "load_course", lambda: whole)

    def missing(names: Sequence[str]) -> PacksMissing:
        return PacksMissing(tuple(names), "45 MB, about 1 minute")

    monkeypatch.setattr(image, "missing", missing)
    return changed


def test_a_later_lessons_pack_is_offered_once(
    lessons: tuple[Lesson, ...], settings: Settings
) -> None:
    offer = ahead.find(lessons[0], settings)
    assert offer is not None
    assert offer.names == ("big",)
    assert lessons[-2].title in offer.words
    assert "45 MB" in offer.words
    ahead.remember(offer, settings)
    assert ahead.find(lessons[0], settings) is None


def test_nothing_is_offered_when_no_later_lesson_needs_it(
    lessons: tuple[Lesson, ...], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ahead.find(lessons[-2], settings) is None
    assert ahead.find(lessons[-1], settings) is None
    monkeypatch.setattr(image, "missing", lambda names: None)
    assert ahead.find(lessons[0], settings) is None


def test_an_engine_that_is_away_disturbs_nobody(
    lessons: tuple[Lesson, ...], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(names: Sequence[str]) -> None:
        raise DockerUnavailable("it is away")

    monkeypatch.setattr(image, "missing", away)
    assert ahead.find(lessons[0], settings) is None


def test_what_is_begun_writes_a_log(settings: Settings) -> None:
    path = ahead.prepare(ahead.Offer("A lesson", ("no-such-pack",), "1 MB"), settings)
    assert ahead.BEGUN[-1].wait(timeout=60) == 2
    assert "there is no pack 'no-such-pack'" in path.read_text()
