"""The gradebook's file: SQLite, one writer at a time, rows that are only added.

Triggers refuse changes of rows, by whatever program. A grading is written in one transaction, so
after a kill it is there as a whole or not at all.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from lab_engine.errors import InfralabError, UsageError
from lab_engine.grading.gradebook.graded import Graded

VERSION: Final = 1
_TABLES: Final = (
    "CREATE TABLE grading (id INTEGER PRIMARY KEY, submission TEXT NOT NULL, seal TEXT NOT NULL, "
    "learner TEXT NOT NULL, assignment TEXT NOT NULL, received REAL NOT NULL, "
    "outcome TEXT NOT NULL, earned REAL, possible REAL NOT NULL, edition TEXT NOT NULL, "
    "at REAL NOT NULL, failed INTEGER NOT NULL, body BLOB NOT NULL) STRICT",
    "CREATE INDEX grading_by_learner ON grading (assignment, learner)",
    "CREATE UNIQUE INDEX grading_once ON grading (submission, assignment, edition) "
    "WHERE failed = 0",
    "CREATE TABLE word (id INTEGER PRIMARY KEY, learner TEXT NOT NULL, assignment TEXT NOT NULL, "
    "kind TEXT NOT NULL CHECK (kind IN ('comment', 'override')), points REAL, "
    "text TEXT NOT NULL CHECK (text <> ''), author TEXT NOT NULL CHECK (author <> ''), "
    "at REAL NOT NULL) STRICT",
)
_ONLY_ADDED: Final = (
    "CREATE TRIGGER {table}_{act} BEFORE {act} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'rows of a gradebook are only added'); END"
)
BUSY_SECONDS: Final = 10.0


class Word(msgspec.Struct, frozen=True):
    """What an instructor says to a learner's work; an override sets the points, None lifts it."""

    learner: str
    assignment: str
    kind: Literal["comment", "override"]
    points: float | None
    text: str
    author: str
    at: float


class Gradebook:
    """Open it with `reading` or `writing`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    @classmethod
    @contextmanager
    def writing(cls, path: Path) -> Iterator[Gradebook]:
        """Nobody else writes meanwhile. Raises UsageError when somebody does, InfralabError."""
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        try:
            try:
                # Gone with the process, however that ends.
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise UsageError(
                    f"another infralab writes into {path}", hint="Wait until it has ended."
                ) from None
            with _told(path):
                db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            try:
                with _told(path):
                    db.execute("PRAGMA journal_mode = WAL")
                    db.execute("PRAGMA synchronous = FULL")
                    _prepare(db, path)
                yield cls(db)
            finally:
                db.close()
        finally:
            os.close(lock)

    @classmethod
    @contextmanager
    def reading(cls, path: Path) -> Iterator[Gradebook]:
        """Also while somebody writes. Raises UsageError when there is none, InfralabError."""
        if not path.exists():
            raise UsageError(f"there is no gradebook {path}", hint="`infralab grade` makes it.")
        with _told(path):
            db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            with _told(path):
                db.execute("PRAGMA query_only = ON")
                _require_version(db, path)
            yield cls(db)
        finally:
            db.close()

    def add(self, graded: Graded) -> None:
        """Raises InfralabError, also when this submission has a grading by this edition."""
        values = (
            graded.submission,
            graded.seal,
            graded.learner,
            graded.assignment,
            graded.received,
            graded.outcome,
            graded.earned,
            graded.possible,
            graded.edition,
            graded.at,
            int(graded.failed),
            msgspec.json.encode(graded),
        )
        try:
            self._db.execute(
                "INSERT INTO grading (submission, seal, learner, assignment, received, outcome, "
                "earned, possible, edition, at, failed, body) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
        except sqlite3.Error as error:
            raise InfralabError(f"the grading could not be written: {error}") from error

    def has(self, submission: str, assignment: str, edition: str) -> bool:
        """Whether there is a grading by this edition at which infralab did not fail itself."""
        rows = self._rows(
            "SELECT 1 FROM grading WHERE submission = ? AND assignment = ? AND edition = ? "
            "AND failed = 0",
            (submission, assignment, edition),
        )
        return bool(rows)

    def gradings(self, assignment: str, learner: str | None = None) -> list[Graded]:
        """All of them, in the order in which they were made."""
        rows = self._rows(
            "SELECT body FROM grading WHERE assignment = ? AND (? IS NULL OR learner = ?) "
            "ORDER BY id",
            (assignment, learner, learner),
        )
        return [msgspec.json.decode(body, type=Graded) for (body,) in rows]

    def latest(self, assignment: str) -> list[Graded]:
        """The last grading of each submission, in the order of their receipt."""
        last = {one.submission: one for one in self.gradings(assignment)}
        return sorted(last.values(), key=lambda one: (one.received, one.submission))

    def say(self, word: Word) -> None:
        """Add a comment or an override. Raises InfralabError without a text or an author."""
        try:
            self._db.execute(
                "INSERT INTO word (learner, assignment, kind, points, text, author, at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                msgspec.structs.astuple(word),
            )
        except sqlite3.Error as error:
            raise InfralabError(
                f"that could not be written: {error}", hint="It needs a reason and an author."
            ) from error

    def words(self, assignment: str, learner: str | None = None) -> list[Word]:
        rows = self._rows(
            "SELECT learner, assignment, kind, points, text, author, at FROM word "
            "WHERE assignment = ? AND (? IS NULL OR learner = ?) ORDER BY id",
            (assignment, learner, learner),
        )
        return [Word(*row) for row in rows]

    def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise InfralabError(f"the gradebook cannot be read: {error}") from error


def now() -> float:
    return time.time()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise InfralabError(
            f"the gradebook {path} cannot be opened: {error}", hint="Bring it back from a copy."
        ) from error


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    if _version(db) == 0 and not db.execute("SELECT 1 FROM sqlite_schema").fetchall():
        db.execute("BEGIN IMMEDIATE")
        for table in _TABLES:
            db.execute(table)
        for name in ("grading", "word"):
            for act in ("UPDATE", "DELETE"):
                db.execute(_ONLY_ADDED.format(table=name, act=act))
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")
    _require_version(db, path)


def _require_version(db: sqlite3.Connection, path: Path) -> None:
    found = _version(db)
    if found != VERSION:
        raise InfralabError(
            f"{path} is no gradebook of this infralab: its version is {found}, not {VERSION}",
            hint="Use the infralab that wrote it.",
        )


def _version(db: sqlite3.Connection) -> int:
    (found,) = db.execute("PRAGMA user_version").fetchone()
    return int(found)
