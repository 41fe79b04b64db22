"""What is left of a session may be missing, damaged or of another lesson: told, exit code 1."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lab_engine.__main__ import main
from lab_engine.course import edition
from lab_engine.course.lesson import load_course
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.recording import kept
from lab_engine.recording.glimpse import hoped
from lab_engine.recording.limit import time_limit
from lab_engine.recording.visits import Visit, visits
from lab_engine.session.record import Moment, PastVerdict, Record
from tests.recording.test_cast import HEADER, cast, data

SESSION = "broken01"
GOOD = {"1.cast": data((0.5, "o", "$ "), (1.0, "i", "ls\r"))}


def changed(name: str, text: bytes) -> Callable[[Path], None]:
    """Something overwrites a recording after it was kept."""
    return lambda folder: _write(folder / name, text)


def holding(text: bytes) -> Callable[[Path], None]:
    """The bench itself held such a recording."""
    return lambda folder: kept.keep(folder, {**GOOD, "2.cast": text}, "")


def _write(path: Path, text: bytes) -> None:
    path.write_bytes(text)


def _nothing(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


CASES = [
    pytest.param(_nothing, "no recording of it was kept in", id="nothing-kept"),
    pytest.param(lambda f: (f / "1.cast").unlink(), "1.cast cannot be read: it is missing",
                 id="missing-file"),
    pytest.param(lambda f: (f / "index.json").unlink(), "no recording of it was kept in",
                 id="no-index"),
    pytest.param(changed("index.json", b"\x00\xff"), "index.json cannot be read",
                 id="damaged-index"),
    pytest.param(changed("1.cast", GOOD["1.cast"][:-9]), "it is not as it was kept",
                 id="cut-off-file"),
    pytest.param(holding(data((0.5, "o", "$ ")) + b'[1.0, "i", "l\n[2.0, "i", "s"]\n'),
                 "2.cast cannot be read: line 3", id="truncated-line"),
    pytest.param(holding(data((0.5, "i", "x")).split(b"\n", 1)[1]), "line 1: it is no header",
                 id="no-header"),
    pytest.param(holding(b""), "line 1: it is empty", id="empty"),
    pytest.param(holding(data(header={**HEADER, "version": 3})), "version 3 of asciicast, not 2",
                 id="other-version"),
    pytest.param(holding(data(header={"version": 2, "width": 80, "height": 24})),
                 "another program made it", id="of-another-program"),
    pytest.param(holding(b'{"name": "a package", "version": "1.0"}\n'), "line 1: it is no header",
                 id="foreign-json"),
    pytest.param(holding(bytes(range(256)) * 9), "line 1: it is no header", id="rubbish"),
    pytest.param(holding(data((0.5, "m", "{"))), "a mark in the recording cannot be read",
                 id="bad-mark"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the recording of a session is kept whose bench has gone."""
    monkeypatch.setenv("INFRALAB_DATA_DIR", str(tmp_path))
    begun(tmp_path, "namespaces", "uts", "own-name")
    found = tmp_path / "recordings" / SESSION
    kept.keep(found, GOOD, "")
    return found


def begun(data_dir: Path, lesson: str, step: str, task: str) -> None:
    record = Record(data_dir / "progress.sqlite")
    if record.session(SESSION) is None:
        record.begin(SESSION, lesson, "seed")
    record.enter(SESSION, step, {})
    record.moment(SESSION, "enter", step)
    record.verdicts(SESSION, step, [Verdict(task, Outcome.PASS, 1)])
    record.close()


def replayed(capfd: pytest.CaptureFixture[str]) -> str:
    """The message of a replay that must end as not replayable."""
    assert main(["replay", SESSION, "--json"]) == 1
    shown = capfd.readouterr()
    result = json.loads(shown.out)
    assert result["outcome"] == "not replayable"
    assert result["message"].startswith("not replayable: ")
    assert "Traceback" not in shown.err
    return str(result["message"])


@pytest.mark.bench
@pytest.mark.parametrize(("spoil", "says"), CASES)
def test_a_broken_recording_is_not_replayable(
    folder: Path, capfd: pytest.CaptureFixture[str], spoil: Callable[[Path], None], says: str
) -> None:
    spoil(folder)
    message = replayed(capfd)
    assert says in message
    # It says what to do, too.
    assert message.endswith(".")
    assert main(["replay", SESSION]) == 1
    assert says in capfd.readouterr().out


@pytest.mark.bench
@pytest.mark.parametrize(
    ("step", "task", "says"),
    [
        ("old-step", "own-name", "lesson namespaces has no step 'old-step' any more"),
        ("uts", "old-task", "step uts of lesson namespaces has no task 'old-task' any more"),
    ],
)
def test_a_session_of_another_edition_of_the_lesson(
    folder: Path, capfd: pytest.CaptureFixture[str], step: str, task: str, says: str
) -> None:
    begun(folder.parents[1], "namespaces", step, task)
    message = replayed(capfd)
    assert says in message
    assert message.endswith("Replay it with the infralab that recorded it.")


@pytest.mark.bench
def test_a_session_of_a_lesson_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INFRALAB_DATA_DIR", str(tmp_path))
    begun(tmp_path, "old-lesson", "one", "t")
    assert "there is no lesson 'old-lesson'" in replayed(capfd)


def test_what_is_kept_is_read_again_with_the_edition_of_its_lesson(tmp_path: Path) -> None:
    now = edition.of_lesson(load_course().lesson("namespaces"))
    kept.keep(tmp_path / "deep", GOOD, now)
    files, was = kept.load(tmp_path / "deep")
    assert (files, was) == (GOOD, now)
    assert [one.name for one in kept.read(files)] == ["1.cast"]


def stays() -> list[Visit]:
    moments = [Moment(1000.0, "enter", "one"), Moment(1900.0, "solve", "one")]
    one = cast(
        (1.0, "i", "slow\r"),
        (11.0, "o", "done"),
        (500.0, "i", "ls\r"),
        (500.5, "o", "a file"),
        (800.0, "i", "exit\r"),
    )
    return visits(moments, [one], [])


def test_the_time_limit_comes_from_the_work_and_not_from_the_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit = time_limit(stays())
    assert limit == pytest.approx(120 + 2 * 180 + 3 * 5 + 6 * 10.5)
    monkeypatch.setenv("INFRALAB_PATIENCE", "3")
    assert time_limit(stays()) == pytest.approx(3 * limit)


def test_what_may_be_seen_while_a_command_runs() -> None:
    verdicts = [("create", 3.0, "pass"), ("c2", 4.0, "fail"), ("late", 600.0, "pass")]
    (visit,) = visits(
        [Moment(1000.0, "enter", "one")],
        [cast((1.0, "i", "slow\r"), (500.0, "i", "ls\r"))],
        [PastVerdict(1000.0 + at, "one", task, outcome, False) for task, at, outcome in verdicts],
    )
    assert hoped(visit.acts, 0) == {"create"}
    assert hoped(visit.acts, 3) == {"late"}
