from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from lab_engine.common.evidence import Evidence
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import InfralabError
from lab_engine.session import schema
from lab_engine.session.record import Record
from lab_engine.session.store import good


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
    assert again.start_readings("s1", "uts") == {"probe": b"reading"}
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


def test_a_step_is_arrived_at_until_it_is_entered(path: Path) -> None:
    record = begun(path)
    record.arrive("s1", "two")
    (row,) = Record(path).open_sessions()
    assert (row.step, row.arriving) == ("uts", "two")
    record.enter("s1", "two", {})
    (row,) = Record(path).open_sessions()
    assert (row.step, row.arriving) == ("two", "")


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
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)


@pytest.mark.parametrize(
    ("version", "lacks"),
    [(0, "DROP TABLE moment"), (1, "DROP TABLE moment"), (2, "DELETE FROM moment")],
)
def test_an_older_file_is_brought_up_to_date_with_all_that_is_in_it(
    path: Path, version: int, lacks: str
) -> None:
    record = begun(path)
    record.verdicts("s1", "uts", [verdict(Outcome.PASS)])
    record.close()
    older = "ALTER TABLE session DROP COLUMN arriving"
    alter(path, lacks, older, f"PRAGMA user_version = {version}")
    again = Record(path)
    again.arrive("s1", "two")
    again.moment("s1", "enter", "uts")
    assert [moment.what for moment in again.moments("s1")] == ["enter"]
    assert again.passed_tasks() == {("namespaces", "uts", "t")}
    assert [row.arriving for row in again.open_sessions()] == ["two"]
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
    anew = Record(path)
    assert anew.open_sessions() == []
    assert "you begin anew" in anew.said[0]
    anew.end("s1")
    anew.close()
    (copy,) = path.parent.glob("*.before-*")
    assert copy.name in anew.said[0]
    assert [row.id for row in Record(copy).open_sessions()] == ["s1"]


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


def test_a_baseline_that_cannot_be_read_any_more_is_not_there(path: Path) -> None:
    record = begun(path)
    alter(path, "UPDATE step SET baseline = x'81a4'")
    assert record.start_readings("s1", "uts") is None


def test_threads_write_side_by_side(path: Path) -> None:
    record = begun(path)

    def some(thread: int) -> None:
        for number in range(100):
            record.answer("s1", "uts", f"{thread}-{number}", "x", correct=True)
            record.verdicts("s1", "uts", [verdict(Outcome.PASS)])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(some, range(4)))
    assert len(record.answered("s1", "uts")) == 400
    assert len(record.history("s1")) == 400


def test_a_write_waits_for_that_of_another_process_and_reading_does_not(path: Path) -> None:
    record = begun(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(record.hint, "s1", "uts", "t", 1)
        assert record.hints("s1", "uts", "t") == 0
        assert not writing.done()
        other.execute("COMMIT")
        writing.result(10)
    other.close()
    assert record.hints("s1", "uts", "t") == 1


def test_a_write_that_fails_changes_nothing_and_the_next_one_works(path: Path) -> None:
    record = begun(path)
    with pytest.raises(InfralabError, match="could not be written"):
        record.begin("s1", "namespaces", "seed")
    with pytest.raises(InfralabError, match="could not be written"):
        record.verdicts("unknown", "uts", [verdict(Outcome.PASS)])
    record.verdicts("s1", "uts", [verdict(Outcome.PASS)])
    assert len(record.history("s1")) == 1


def test_a_closed_record_says_so(path: Path) -> None:
    record = begun(path)
    record.close()
    record.close()
    with pytest.raises(InfralabError, match="closed"):
        record.end("s1")


# -- damage ------------------------------------------------------------------------------------


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def holed(path: Path) -> None:
    """All but the first page."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(path.stat().st_size - 4096))


def other_columns(path: Path) -> None:
    alter(path, "DROP TABLE answer", "CREATE TABLE answer (id, shop)")


def a_table_missing(path: Path) -> None:
    alter(path, "DROP TABLE verdict")


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def notes(path: Path) -> None:
    path.write_text("precious notes, not a database, but long enough to look like one")


DAMAGES = [truncated, zeroed, holed, other_columns, a_table_missing, emptied, notes]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_set_aside_and_its_copy_goes_on(
    path: Path, damage: Callable[[Path], None]
) -> None:
    record = begun(path)
    record.verdicts("s1", "uts", [verdict(Outcome.PASS)])
    record.close()
    damage(path)
    left = path.read_bytes()
    mended = Record(path)
    (said,) = mended.said
    (aside,) = path.parent.glob("*.damaged-*")
    assert aside.name in said
    assert "its copy of 2" in said
    assert aside.read_bytes() == left
    assert mended.passed_tasks() == {("namespaces", "uts", "t")}
    assert mended.start_readings("s1", "uts") == {"probe": b"reading"}
    mended.end("s1")
    mended.close()
    again = Record(path)
    assert again.said == ()
    assert again.open_sessions() == []


@pytest.mark.parametrize("damage", [d for d in DAMAGES if d is not emptied])
def test_a_damaged_record_without_a_copy_is_set_aside(
    path: Path, damage: Callable[[Path], None]
) -> None:
    begun(path).close()
    good(path).unlink()
    damage(path)
    anew = Record(path)
    assert "you begin anew" in anew.said[0]
    assert anew.open_sessions() == []
    anew.begin("s2", "namespaces", "seed")
    assert len(list(path.parent.glob("*.damaged-*"))) == 1


def test_a_copy_that_is_damaged_too_is_kept_and_told(path: Path) -> None:
    begun(path).close()
    zeroed(path)
    notes(good(path))
    anew = Record(path)
    assert "damaged, too" in anew.said[0]
    assert anew.open_sessions() == []
    assert len(list(path.parent.glob("*.damaged-*"))) == 2


def work_on(record: Record) -> None:
    record.answer("s1", "uts", "q", "x", correct=True)
    record.answered("s1", "uts")


def test_a_record_that_is_damaged_while_it_is_open_does_not_become_the_copy(path: Path) -> None:
    record = begun(path)
    record.verdicts("s1", "uts", [verdict(Outcome.PASS)])
    record.close()
    record = Record(path)
    alter(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    holed(path)
    with pytest.raises(InfralabError, match="could not be") as caught:
        work_on(record)
    assert "start it again" in caught.value.hint
    record.close()
    again = Record(path)
    assert "was damaged" in again.said[0]
    assert again.passed_tasks() == {("namespaces", "uts", "t")}


def test_of_two_that_find_it_damaged_one_sets_it_aside(path: Path) -> None:
    begun(path).close()
    zeroed(path)
    with ThreadPoolExecutor(8) as threads:
        records = list(threads.map(lambda _: Record(path), range(8)))
    assert [row.id for record in records for row in record.open_sessions()] == ["s1"] * 8
    assert sum(bool(record.said) for record in records) == 1
    assert len(list(path.parent.glob("*.damaged-*"))) == 1


def test_a_new_session_is_in_the_copy_at_once(path: Path) -> None:
    record = begun(path)
    record.begin("s2", "namespaces", "seed")
    assert {row.id for row in Record(good(path)).open_sessions()} == {"s1", "s2"}


# -- without the disk --------------------------------------------------------------------------

UNWRITTEN = """
import os, sys
from pathlib import Path
from lab_engine.errors import InfralabError
from lab_engine.session.record import Record
path = Path(sys.argv[1])
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
try:
    Record(path)
except InfralabError:
    record = Record.in_memory(path)
else:
    raise SystemExit("it could be written")
assert not record.kept
record.end("s2")
print(*(row.id for row in record.open_sessions()))
record.close()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes somebody else, as root")
@pytest.mark.parametrize("still_open", [False, True])
def test_what_can_be_read_is_there_when_nothing_can_be_written(still_open: bool) -> None:
    # Below pytest's own folder nobody else may look.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder, "progress.sqlite")
        record = begun(path)
        record.begin("s2", "namespaces", "seed")
        if not still_open:
            record.close()
        before = sorted(one.name for one in path.parent.iterdir())
        command = [sys.executable, "-c", UNWRITTEN, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stdout.split()) == (0, ["s1"]), done.stderr
        assert sorted(one.name for one in path.parent.iterdir()) == before
        assert len(Record(path).open_sessions()) == 2


def fill(record: Record) -> None:
    for number in range(1000):
        record.answer("s1", "uts", f"{number}", "x" * 1000, correct=True)


def test_a_full_disk_is_told(path: Path) -> None:
    record = begun(path)
    alter(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, hard))
    try:
        with pytest.raises(InfralabError, match="could not be written") as caught:
            fill(record)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)
    assert "disk is not full" in caught.value.hint
    record.hint("s1", "uts", "t", 2)
    assert record.hints("s1", "uts", "t") == 1
