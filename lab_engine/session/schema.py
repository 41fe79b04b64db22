"""The tables of the record and their version: a file of any version is brought up to date, or told.

A file says its version in `user_version` (0 when nobody has set it). Raise `VERSION` with every
change of the tables; a new table needs nothing more, a new column its `ALTER TABLE` in `migrate`.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from lab_engine.errors import InfralabError

VERSION: Final = 2
"""Some files of version 1 have no table `moment`."""
OF_SESSION: Final = "session TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE"
TABLES: Final = {
    "session": "id TEXT PRIMARY KEY, lesson TEXT NOT NULL, step TEXT NOT NULL, seed TEXT NOT NULL, "
    "mode TEXT NOT NULL, began REAL NOT NULL, touched REAL NOT NULL, ended REAL",
    "step": f"{OF_SESSION}, name TEXT NOT NULL, began REAL NOT NULL, baseline BLOB NOT NULL, "
    "PRIMARY KEY (session, name)",
    "verdict": f"{OF_SESSION}, step TEXT NOT NULL, task TEXT NOT NULL, outcome TEXT NOT NULL, "
    "points INTEGER NOT NULL, given INTEGER NOT NULL, at REAL NOT NULL, verdict BLOB NOT NULL",
    "moment": f"{OF_SESSION}, at REAL NOT NULL, what TEXT NOT NULL, step TEXT NOT NULL",
    "hint": f"{OF_SESSION}, step TEXT NOT NULL, task TEXT NOT NULL, number INTEGER NOT NULL, "
    "at REAL NOT NULL, PRIMARY KEY (session, step, task, number)",
    "answer": f"{OF_SESSION}, step TEXT NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL, "
    "correct INTEGER NOT NULL, at REAL NOT NULL",
}
INDEX: Final = "CREATE INDEX IF NOT EXISTS verdict_by_task ON verdict (session, step, task)"


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Make the file one of `VERSION`, wholly or not at all.

    Raises InfralabError for a file of a newer version, or with tables that no version had; nothing
    in it is changed then. Raises sqlite3.Error when it cannot be read or written.
    """
    if _version(db) == VERSION:
        return
    # Of two processes that come at once, the second waits here and finds it done.
    db.execute("BEGIN IMMEDIATE")
    with db:
        found = _version(db)
        if found > VERSION:
            raise _other(
                path, f"by a newer version of infralab ({found}; this one knows {VERSION})"
            )
        for table, columns in TABLES.items():
            db.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns}) STRICT")
        if odd := [table for table in TABLES if _columns(db, table) != _wanted(table)]:
            raise _other(path, f"by another program or a trial version: its table {odd[0]} differs")
        db.execute(INDEX)
        db.execute(f"PRAGMA user_version = {VERSION}")


def _version(db: sqlite3.Connection) -> int:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [name for (name,) in db.execute("SELECT name FROM pragma_table_info(?)", (table,))]


def _wanted(table: str) -> list[str]:
    """The columns of a table by its definition, in their order."""
    with sqlite3.connect(":memory:") as scratch:
        scratch.execute(f"CREATE TABLE {table} ({TABLES[table]})")
        return _columns(scratch, table)


def _other(path: Path, whom: str) -> InfralabError:
    return InfralabError(
        f"your progress in {path} was written {whom}. It was left as it is",
        hint=f"Update infralab; or keep that file aside and begin anew: mv {path} {path}.old",
    )
