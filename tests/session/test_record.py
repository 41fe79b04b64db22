from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab_engine.course.verdict import Evidence, Outcome, Verdict
from lab_engine.errors import InfralabError
from lab_engine.session import schema
from lab_engine.session.record import Record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "progress.sqlite"


def begun(path: Path) -> Record:
    record = Record(path)
    record.begin("s1", "namespaces", "seed")
    record.enter("s1", "uts", {"probe": b"reading"})
    return record


def verdict(outcome: Outcome) -> Verdict:
    return Verdict("t", outcome, 3, Evidence("r", "e", "o", "l") if outcome == "fail" else None)


def test_everything_is_there_for_the_next_process(path: Path) -> None:
    record = begun(path)
    record.verdicts("s1", "uts", [verdict(Outcome.FAIL)])
    record.verdicts("s1", "uts", [verdict(Outcome.PASS)])
    record.hint("s1", "uts", "t", 1)
    record.hint("s1", "uts", "t", 1)
    record.answer("s1", "uts", "q", "no", correct=False)
    record.answer("s1", "uts", "q", "yes", correct=True)
    again = Record(path)
    (row,) = again.open_sessions()
    assert (row.id, row.lesson, row.step, row.mode) == ("s1", "namespaces", "uts", "practice")
    assert again.baseline("s1", "uts") == {"probe": b"reading"}
    (task,) = again.tasks("s1")
    assert (task.passed, task.given, task.points, task.hints) == (True, False, 3, 1)
    assert again.answered("s1", "uts") == {"q": True}
    assert [v.outcome for v in again.last_verdicts("s1", "uts")] == [Outcome.PASS]
    assert again.passed_tasks() == {("namespaces", "uts", "t")}


def test_what_was_earned_once_stays_earned(path: Path) -> None:
    record = begun(path)
    record.verdicts("s1", "uts", [verdict(Outcome.PASS)])
    record.verdicts("s1", "uts", [verdict(Outcome.PASS)], given=True)
    record.verdicts("s1", "uts", [verdict(Outcome.FAIL)])
    (task,) = record.tasks("s1")
    assert task.passed
    assert not task.given


def test_what_was_given_stays_given_until_the_step_begins_anew(path: Path) -> None:
    record = begun(path)
    record.verdicts("s1", "uts", [verdict(Outcome.PASS)], given=True)
    record.verdicts("s1", "uts", [verdict(Outcome.PASS)])
    (task,) = Record(path).tasks("s1")
    assert task.given
    record.enter("s1", "uts", {})
    record.verdicts("s1", "uts", [verdict(Outcome.PASS)])
    (task,) = record.tasks("s1")
    assert not task.given


def test_an_ended_session_is_not_taken_up(path: Path) -> None:
    record = begun(path)
    record.end("s1")
    assert record.open_sessions() == []
    assert record.session("s1") is not None


def test_two_processes_write_side_by_side(path: Path) -> None:
    one, two = begun(path), Record(path)
    for number in range(50):
        one.answer("s1", "uts", f"q{number}", "x", correct=True)
        two.answer("s1", "uts", f"p{number}", "x", correct=True)
    assert len(one.answered("s1", "uts")) == 100


def test_a_file_that_is_no_database_is_told_and_kept(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("precious notes, not a database, but long enough to look like one")
    with pytest.raises(InfralabError, match="cannot be opened") as caught:
        Record(path)
    assert "INFRALAB_DATA_DIR" in caught.value.hint
    assert path.read_text().startswith("precious")


def table(path: Path, name: str) -> list[str]:
    db = sqlite3.connect(path)
    found = [row[1] for row in db.execute(f"PRAGMA table_info({name})")]
    db.close()
    return found


def alter(path: Path, *commands: str) -> None:
    db = sqlite3.connect(path)
    for command in commands:
        db.execute(command)
    db.commit()
    db.close()


def test_a_new_file_says_its_version(path: Path) -> None:
    begun(path).close()
    assert sqlite3.connect(path).execute("PRAGMA user_version").fetchone() == (schema.VERSION,)


@pytest.mark.parametrize("version", [0, 1])
def test_an_older_file_is_brought_up_to_date_with_all_that_is_in_it(
    path: Path, version: int
) -> None:
    record = begun(path)
    record.verdicts("s1", "uts", [verdict(Outcome.PASS)])
    record.close()
    alter(path, "DROP TABLE moment", f"PRAGMA user_version = {version}")
    again = Record(path)
    again.moment("s1", "enter", "uts")
    assert [moment.what for moment in again.moments("s1")] == ["enter"]
    assert again.passed_tasks() == {("namespaces", "uts", "t")}
    again.close()
    assert table(path, "moment") == ["session", "at", "what", "step"]


def test_a_newer_file_is_told_and_left_as_it_is(path: Path) -> None:
    begun(path).close()
    alter(path, "CREATE TABLE later (what)", "DROP TABLE hint", "PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(InfralabError, match="newer version of infralab \\(99") as caught:
        Record(path)
    assert path.read_bytes() == before
    assert caught.value.hint.endswith(f"mv {path} {path}.old")
    path.rename(f"{path}.old")
    assert [one.name for one in path.parent.iterdir()] == ["progress.sqlite.old"]
    assert Record(path).open_sessions() == []


def test_tables_of_somebody_else_are_told_and_left_as_they_are(path: Path) -> None:
    path.parent.mkdir(parents=True)
    alter(path, "CREATE TABLE session (id, shop)", "INSERT INTO session VALUES (1, 'bakery')")
    with pytest.raises(InfralabError, match="its table session differs"):
        Record(path)
    assert table(path, "session") == ["id", "shop"]
    assert table(path, "verdict") == []


def test_two_processes_that_come_first_at_once(path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        records = list(threads.map(lambda _: Record(path), range(8)))
    assert [record.open_sessions() for record in records] == [[]] * 8


def test_a_verdict_that_cannot_be_read_any_more_is_left_out(path: Path) -> None:
    record = begun(path)
    record.verdicts("s1", "uts", [verdict(Outcome.PASS)])
    alter(path, "UPDATE verdict SET verdict = x'81a4'")
    assert record.last_verdicts("s1", "uts") == []
    assert record.passed_tasks() == {("namespaces", "uts", "t")}


def test_a_read_only_disk_is_told(path: Path) -> None:
    record = begun(path)
    record._db.execute("PRAGMA query_only = ON")
    with pytest.raises(InfralabError, match="could not be written"):
        record.hint("s1", "uts", "t", 2)
