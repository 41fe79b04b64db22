"""The tables of the record by numbered migrations: a file of any version is brought up to date.

A file says its version in `user_version` (0 when nobody has set it). A change of the tables is one
more entry of `MIGRATIONS`; what stands there already is never changed, since files were made by it.
"""

from __future__ import annotations

import sqlite3
from functools import cache
from typing import Final

OF_SESSION: Final = "session TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE"
MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, lesson TEXT NOT NULL, "
        "step TEXT NOT NULL, seed TEXT NOT NULL, mode TEXT NOT NULL, began REAL NOT NULL, "
        "touched REAL NOT NULL, ended REAL) STRICT",
        f"CREATE TABLE IF NOT EXISTS step ({OF_SESSION}, name TEXT NOT NULL, began REAL NOT NULL, "
        "baseline BLOB NOT NULL, PRIMARY KEY (session, name)) STRICT",
        f"CREATE TABLE IF NOT EXISTS verdict ({OF_SESSION}, step TEXT NOT NULL, "
        "task TEXT NOT NULL, outcome TEXT NOT NULL, points INTEGER NOT NULL, "
        "given INTEGER NOT NULL, at REAL NOT NULL, verdict BLOB NOT NULL) STRICT",
        f"CREATE TABLE IF NOT EXISTS hint ({OF_SESSION}, step TEXT NOT NULL, task TEXT NOT NULL, "
        "number INTEGER NOT NULL, at REAL NOT NULL, PRIMARY KEY (session, step, task, number)) "
        "STRICT",
        f"CREATE TABLE IF NOT EXISTS answer ({OF_SESSION}, step TEXT NOT NULL, "
        "question TEXT NOT NULL, answer TEXT NOT NULL, correct INTEGER NOT NULL, "
        "at REAL NOT NULL) STRICT",
        "CREATE INDEX IF NOT EXISTS verdict_by_task ON verdict (session, step, task)",
    ),
    (
        f"CREATE TABLE IF NOT EXISTS moment ({OF_SESSION}, at REAL NOT NULL, what TEXT NOT NULL, "
        "step TEXT NOT NULL) STRICT",
    ),
    ("ALTER TABLE session ADD COLUMN arriving TEXT NOT NULL DEFAULT ''",),
)
"""Number n of them, from 1, makes a file of version n - 1 one of version n.

The first two ask whether a table is there: files were written before the version was noted.
"""
VERSION: Final = len(MIGRATIONS)


class Newer(Exception):
    """The file is of a version that this program does not know; its argument is that version."""


class Different(Exception):
    """The tables are not those of any version; its argument says which one."""


def migrate(db: sqlite3.Connection) -> None:
    """Make the file one of `VERSION`, wholly or not at all. `db` begins no transactions itself.

    Raises:
        Newer: nothing was changed.
        Different: it has tables that no version had, or lacks some; nothing was changed.
        sqlite3.Error: it cannot be read or written.
    """
    if _version(db) != VERSION:
        # Of two processes that come at once, the second waits here and finds it done.
        db.execute("BEGIN IMMEDIATE")
        try:
            found = _version(db)
            if found > VERSION:
                raise Newer(found)
            for steps in MIGRATIONS[max(found, 0) :]:
                for step in steps:
                    db.execute(step)
            _compare(db)
            db.execute(f"PRAGMA user_version = {VERSION}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
    _compare(db)


def _compare(db: sqlite3.Connection) -> None:
    """Raises Different when a table is not as the migrations make it."""
    for table, columns in _wanted().items():
        if _columns(db, table) != columns:
            raise Different(table)


def _version(db: sqlite3.Connection) -> int:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def _columns(db: sqlite3.Connection, table: str) -> list[tuple[str, ...]]:
    """Each column's name, type and whether it may be empty."""
    return db.execute(
        'SELECT name, type, "notnull" FROM pragma_table_info(?) ORDER BY cid', (table,)
    ).fetchall()


@cache
def _wanted() -> dict[str, list[tuple[str, ...]]]:
    """The columns of each table by the migrations."""
    scratch = sqlite3.connect(":memory:")
    try:
        for steps in MIGRATIONS:
            for step in steps:
                scratch.execute(step)
        tables = scratch.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return {table: _columns(scratch, table) for (table,) in tables}
    finally:
        scratch.close()
