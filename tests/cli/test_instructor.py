"""The instructor's screens as lines and as JSON, and what is said where they cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab_engine.cli import instructor
from lab_engine.cli.frame import main
from lab_engine.grading.insight.rows import FILTERS, SORTS
from lab_engine.session import present
from lab_engine.session.present import Engine, Presence
from tests.grading import taught
from tests.session.test_whereabouts import where


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    taught.a_class(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INFRALAB_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["instructor", *words]) == code
    return capsys.readouterr().out


def test_the_choices_are_those_of_the_rows() -> None:
    assert tuple(FILTERS) == instructor.ONLY
    assert instructor.SORTS == SORTS


def test_the_class(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "net-27", "week-3.toml").splitlines()
    assert len(lines) == 13
    assert "12 h 00 min late" in lines[2]
    look = said(capsys, "net-27", "--only", "look", "--plain")
    assert [line.split()[0] for line in look.splitlines()] == ["learner", "cyd", "dan"]
    rows = json.loads(said(capsys, "net-27", "--sort", "points", "--backwards", "--json"))
    assert [row["learner"] for row in rows[:4]] == ["ada", "ida", "joe", "gus"]
    assert rows[3]["standing"]["override"]["author"] == "prof"


def test_one_learner(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "net-27", "--learner", "hal")
    for words in (
        "bridges/one/run: not right", "expected: a container web in the network br_41",
        "found: the container web is in the network bridge", "prof: See me about names.",
        "file bridges: site/index.html: new, 13 bytes",
    ):  # fmt: skip
        assert words in text
    assert "odd: bridges: its seed is that of ada" in said(capsys, "net-27", "--learner", "cyd")
    (folder / "handed-in" / "hal.zip").unlink()
    found = json.loads(said(capsys, "net-27", "--learner", "hal", "--json"))
    assert found["files"] == []
    assert "--handed-in" in found["lacking"]
    assert "nothing handed in" in said(capsys, "net-27", "--learner", "eve")


def test_the_replay(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "net-27", "--learner", "ada", "--replay")
    assert "$ docker network ls" in text
    assert "+ one/create: pass" in text
    assert "! one/run: fail (other-network)" in text
    found = json.loads(said(capsys, "net-27", "--learner", "ada", "--replay", "--json"))
    assert found["bridges"]["places"][0]["kind"] == "step"


def test_tasks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "net-27", "--tasks")
    assert "3 of 10 passed: bridges/one/run; 4: other-network: You left out" in text
    text = said(capsys, "net-27", "--task", "run")
    assert "4 of 10: other-network" in text
    assert "    bob, dan, hal, lee" in text
    assert "not graded: eve, fay" in text
    assert json.loads(said(capsys, "net-27", "--task", "run", "--json"))["task"] == "run"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("nowhere",), 2),
        (("net-27", "none.toml"), 2),
        (("net-27", "--learner", "zed"), 2),
        (("net-27", "--task", "zed"), 2),
        (("net-27", "--replay"), 2),
        (("net-27", "--learner", "eve", "--replay"), 2),
        (("nowhere", "--live"), 2),
        (("net-27", "none.toml", "--live"), 2),
    ],
)
def test_what_cannot_be_is_told(
    folder: Path, words: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["instructor", *words]) == code
    assert capsys.readouterr().err.count("infralab: ") >= 1


def test_who_is_at_work(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Presence("", "aa11", "ada@desk-4", "running", 0.0, where(passed=1))
    engines = [Engine("", (bench,)), Engine("tcp://10.0.0.7:2375", trouble="no engine answers")]
    asked: list[object] = []

    def look(hosts: list[str], *_: object) -> list[Engine]:
        asked.append(hosts)
        return engines

    monkeypatch.setattr(present, "look", look)
    text = said(capsys, "--live", "--plain")
    assert "ada@desk-4: bridges, step 2/3 two, 1/2 tasks, nothing new for" in text
    assert "not yet: run: expected: a network found: none" in text
    assert "engine tcp://10.0.0.7:2375: no engine answers" in text
    found = json.loads(said(capsys, "net-27", "--live", "--engine", "tcp://a:1", "--json"))
    assert found["workers"][0]["state"] == "stuck"
    assert asked == [[""], ["tcp://a:1"]]
    engines[:] = engines[1:]
    assert "nobody is at work" in said(capsys, "--live", code=3)
