"""The gradebook's file: rows are only added, by one writer, and a kill leaves whole rows."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from lab_engine.errors import InfralabError, UsageError
from lab_engine.grading.gradebook.book import Gradebook, Word
from tests.grading import made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gradebook.sqlite"


def test_what_was_added_is_read_whole(path: Path) -> None:
    one = made.graded(notes=("look at \x1b[2J",), earned=None)
    with Gradebook.writing(path) as book:
        book.add(one)
    with Gradebook.reading(path) as book:
        assert book.gradings("week-3") == [one]
        assert book.gradings("week-4") == []
        assert book.has("ada-1", "week-3", "e1")
        assert not book.has("ada-1", "week-3", "e2")


def test_a_regrade_is_a_new_row(path: Path) -> None:
    first, again = made.graded(), made.graded(edition="e2", earned=12.0)
    with Gradebook.writing(path) as book:
        book.add(first)
        book.add(again)
        with pytest.raises(InfralabError, match=r"could not be written"):
            book.add(made.graded(earned=20.0))
        assert book.gradings("week-3") == [first, again]
        assert book.latest("week-3") == [again]


@pytest.mark.parametrize(
    "change",
    ["UPDATE grading SET earned = 20", "DELETE FROM grading", "UPDATE word SET points = 9",
     "DELETE FROM word"],
)  # fmt: skip
def test_no_program_changes_a_row(path: Path, change: str) -> None:
    with Gradebook.writing(path) as book:
        book.add(made.graded())
        book.say(Word("ada", "week-3", "override", 5.0, "why", "me", 1.0))
    db = sqlite3.connect(path)
    with pytest.raises(sqlite3.DatabaseError, match=r"only added"):
        db.execute(change)
    db.close()


def test_there_is_one_writer(path: Path) -> None:
    with Gradebook.writing(path) as book:
        book.add(made.graded())
        with pytest.raises(UsageError, match=r"another infralab"), Gradebook.writing(path):
            pass
        with Gradebook.reading(path) as reader:
            assert len(reader.gradings("week-3")) == 1
            with pytest.raises(InfralabError):
                reader.add(made.graded("bob"))
    with Gradebook.writing(path):
        pass


def test_a_word_needs_a_reason_and_an_author(path: Path) -> None:
    with Gradebook.writing(path) as book:
        for text, author in (("", "me"), ("why", "")):
            with pytest.raises(InfralabError):
                book.say(Word("ada", "week-3", "override", 5.0, text, author, 1.0))
        assert book.words("week-3") == []


def test_what_is_none_is_told(path: Path) -> None:
    with pytest.raises(UsageError, match=r"no gradebook"), Gradebook.reading(path):
        pass
    path.write_bytes(b"not a database, but long enough to be taken for one at first sight")
    for opened in (Gradebook.reading, Gradebook.writing):
        with pytest.raises(InfralabError, match=r"cannot be opened"), opened(path):
            pass
    path.unlink()
    sqlite3.connect(path).execute("CREATE TABLE mine (x)").connection.close()
    other = pytest.raises(InfralabError, match=r"no gradebook of this infralab")
    with other, Gradebook.writing(path):
        pass


WRITER = """
import sys
from pathlib import Path
from lab_engine.grading.gradebook.book import Gradebook
from tests.grading import made
with Gradebook.writing(Path(sys.argv[1])) as book:
    for number in range(100_000):
        book.add(made.graded(submission=str(number)))
        print(number, flush=True)
"""


def test_a_kill_leaves_whole_rows_and_no_lock(path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert writer.stdout is not None
    said = [int(writer.stdout.readline()) for _ in range(20)]
    os.kill(writer.pid, signal.SIGKILL)
    said += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
    writer.wait()
    writer.stdout.close()
    with Gradebook.writing(path) as book:
        there = [int(one.submission) for one in book.gradings("week-3")]
    # The last one may have been written and not said any more.
    assert there[: len(said)] == said
    assert len(there) - len(said) in (0, 1)
