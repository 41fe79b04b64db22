"""`up` and `learn --plain` offer the packs of a later lesson where somebody can answer, once."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from lab_engine.cli import current
from lab_engine.course.lesson import load_course
from lab_engine.packs import ahead
from lab_engine.settings import Settings

OFFER = ahead.Offer("Clusters", ("kubernetes",), "290 MB, about 12 minutes")


class Keyboard(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[ahead.Offer]:
    """What is begun to be built; the one offer there is has not been made."""
    monkeypatch.setenv("INFRALAB_DATA_DIR", str(tmp_path))
    made: list[ahead.Offer] = []

    def find(_: object, settings: Settings) -> ahead.Offer | None:
        told = settings.data_dir / ahead.OFFERED
        return None if told.exists() else OFFER

    def prepare(offer: ahead.Offer, _: Settings) -> Path:
        made.append(offer)
        return tmp_path / "packs.log"

    monkeypatch.setattr(ahead, "find", find)
    monkeypatch.setattr(ahead, "prepare", prepare)
    return made


@pytest.mark.parametrize(("answer", "builds"), [("y\n", True), ("\n", False), ("", False)])
def test_it_asks_once_and_builds_only_with_a_yes(
    begun: list[ahead.Offer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    builds: bool,
) -> None:
    lesson = load_course().lessons[0]
    monkeypatch.setattr("sys.stdin", Keyboard(answer))
    current.offer_ahead(lesson)
    said = capsys.readouterr().err
    assert "“Clusters” needs the pack kubernetes: 290 MB" in said
    assert ("packs.log" in said) is builds
    assert begun == ([OFFER] if builds else [])
    current.offer_ahead(lesson)
    assert capsys.readouterr().err == ""


def test_a_script_is_not_asked(
    begun: list[ahead.Offer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    current.offer_ahead(load_course().lessons[0])
    assert begun == []
    assert capsys.readouterr().err == ""
    assert not (tmp_path / ahead.OFFERED).exists()
