"""The file of the record: one thread that writes, damage that is noticed, and a good copy.

A connection that several threads write through mixes their transactions, so all writing is done by
one thread of the store, one transaction after the other; reading has a connection of its own, which
in WAL mode waits for no writer. Source: "Isolation In SQLite" and "Write-Ahead Logging".
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from lab_engine.common import replacing
from lab_engine.errors import InfralabError
from lab_engine.session import schema

T = TypeVar("T")
Write = Callable[[sqlite3.Connection], T]

BUSY_SECONDS: Final = 10.0
"""So long a write waits for that of another process."""
COPY_SECONDS: Final = 60.0
"""A copy is taken after a write when the last one is older."""
GOOD: Final = ".good"
"""What the copy's name ends with."""
_BROKEN: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PARTS: Final = ("", "-wal", "-shm")
"""A database in WAL mode is three files; a journal of one must never meet another."""


class Damaged(Exception):
    """The file is no record any more; its argument says why."""


class Store:
    """A record's database. Every method may be called from any thread.

    Args:
        path: the file; it and its folder are made when they are not there.

    Raises:
        InfralabError: it cannot be opened, or is one of a newer infralab. A damaged file is no
            error: it is set aside and its last good copy takes its place; see `said`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept = True
        """Whether what is written stays."""
        self.said: tuple[str, ...] = ()
        """What a person must know: what was damaged, where it is now, what is lost."""
        self._dirty = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _require_writable(path.parent)
            with _alone(path.parent):
                # Not before: another opener may be moving a damaged one away just now.
                _require_writable(path)
                if path.exists():
                    # SQLite takes an empty file for a new database.
                    if path.stat().st_size == 0 and good(path).exists():
                        self._set_aside("it is empty")
                elif good(path).exists():
                    self._begin_anew()
                try:
                    self._writer = _opened(path)
                except Damaged as damage:
                    self._set_aside(str(damage))
                    self._writer = _opened(path)
        except schema.Newer as newer:
            raise _newer(path, newer) from newer
        except (OSError, sqlite3.Error, Damaged) as error:
            raise _unopened(path, error) from error
        self._reader: sqlite3.Connection | None = None
        try:
            self._reader = _connect(path)
            # Nothing may be written beside the one thread that writes.
            self._reader.execute("PRAGMA query_only = ON")
        except sqlite3.Error as error:
            self._writer.close()
            raise _unopened(path, error) from error
        self._begin()

    def _begin(self) -> None:
        age = time.time() - _written(good(self.path))
        self._copied = time.monotonic() - max(age, 0.0)
        self._reading = threading.Lock()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="record")

    @classmethod
    def in_memory(cls, path: Path | None = None) -> Store:
        """One that is forgotten at its end, as `kept` says: for what must work without the disk.

        It begins with what can be read of the record in `path`, which may be nothing.
        """
        self = cls.__new__(cls)
        self.path, self.kept, self._reader = path or Path(":memory:"), False, None
        self.said, self._dirty = (), False
        self._writer = _in_memory(path)
        self._begin()
        return self

    # -- reading and writing ---------------------------------------------------------------------

    def read(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query. Raises InfralabError when the file cannot be read."""
        with _told("read"):
            if self._reader is None:
                return self._in_thread(lambda: self._writer.execute(query, values).fetchall())
            with self._reading:
                return self._reader.execute(query, values).fetchall()

    def write(self, work: Write[T], *, copy: bool = False) -> T:
        """Have the writing thread run `work` in one transaction, and wait for it.

        Blocks for `BUSY_SECONDS` at most while another process writes, so not for a loop that draws
        screens. With `copy` the good copy is renewed at once. Raises InfralabError; nothing of
        `work` is in the file then.
        """
        with _told("written"):
            return self._in_thread(lambda: self._write(work, copy))

    def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            future = self._threads.submit(work)
        except RuntimeError as error:
            raise InfralabError(
                f"your progress in {self.path} is closed already", hint="Start infralab again."
            ) from error
        return future.result()

    def _write(self, work: Write[T], copy: bool) -> T:
        # Immediate: one that reads first and then writes would not wait for another, but fail.
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            result = work(self._writer)
            self._writer.execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise
        self._dirty = True
        if copy or time.monotonic() - self._copied > COPY_SECONDS:
            self._copy()
        return result

    def close(self) -> None:
        """May be called again; what was written is in the file already."""
        with suppress(RuntimeError):
            self._threads.submit(self._close).result()
        self._threads.shutdown()

    def _close(self) -> None:
        if self._dirty:
            self._copy()
        with self._reading:
            if self._reader is not None:
                self._reader.close()
        self._writer.close()

    # -- damage ----------------------------------------------------------------------------------

    def _copy(self) -> None:
        """Renew the good copy, by one that is whole: what is copied may be damaged by now.

        When that fails the old copy stays.
        """
        if not self.kept:
            return
        with suppress(OSError, sqlite3.Error, Damaged, schema.Newer):
            with replacing.file(good(self.path), durable=True) as fresh:
                copy = sqlite3.connect(fresh)
                try:
                    self._writer.backup(copy)
                    # Otherwise the copy would have a journal of its own beside it.
                    copy.execute("PRAGMA journal_mode = DELETE")
                    _require_whole(copy)
                finally:
                    copy.close()
            self._copied, self._dirty = time.monotonic(), False

    def _set_aside(self, why: str) -> None:
        """Give the damaged file another name, and its place to the last good copy.

        Raises OSError.
        """
        kept = _moved(self.path, "damaged")
        said = f"your progress in {self.path} was damaged ({why}); that file is {kept.name} now"
        copy = good(self.path)
        if not copy.exists():
            self.said += (f"{said}. There is no copy of it: you begin anew",)
            return
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(_written(copy)))
        with replacing.file(self.path, durable=True) as fresh:
            shutil.copyfile(copy, fresh)
        try:
            _opened(self.path).close()
        except (Damaged, schema.Newer):
            self.path.unlink()
            moved = _moved(copy, "damaged")
            self.said += (f"{said}. Its copy ({moved.name}) is damaged, too: you begin anew",)
        else:
            self.said += (f"{said}. You go on with its copy of {when}",)

    def _begin_anew(self) -> None:
        """Keep the copy of a file that is gone from being replaced by one of the new file."""
        kept = _moved(good(self.path), "before")
        self.said += (
            f"there is no progress in {self.path}: you begin anew. A copy of an earlier one is in "
            f"{kept.name}",
        )


def good(path: Path) -> Path:
    """Where the last good copy of a record is."""
    return path.with_name(path.name + GOOD)


def _require_writable(path: Path) -> None:
    """SQLite itself says so only at the first write. Raises PermissionError."""
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "it cannot be written", str(path))


def _connect(path: Path | str, *, uri: bool = False) -> sqlite3.Connection:
    # Python would begin transactions itself, and deferred ones (sqlite3, isolation_level). A
    # connection is opened in one thread and used in another, though never in two at once.
    return sqlite3.connect(
        path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None, uri=uri
    )


def _written(path: Path) -> float:
    """When a file was written last, in seconds since 1970; 0 when it is not there."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _opened(path: Path) -> sqlite3.Connection:
    """A connection to a record that is whole. Raises Damaged, Newer, sqlite3.Error."""
    db = _connect(path)
    try:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            # Off unless each connection asks for it (SQLite, "Foreign Key Support").
            db.execute("PRAGMA foreign_keys = ON")
        except sqlite3.DatabaseError as error:
            raise _damage(error) from error
        _require_whole(db)
    except BaseException:
        # The journal goes into the file with it, which can then be moved alone.
        db.close()
        raise
    return db


def _require_whole(db: sqlite3.Connection) -> None:
    """Bring it up to date if it is a record. Raises Damaged, Newer, sqlite3.Error."""
    try:
        (state,) = db.execute("PRAGMA integrity_check (1)").fetchone()
        if state != "ok":
            raise Damaged(state.splitlines()[-1])
        schema.migrate(db)
    except sqlite3.DatabaseError as error:
        raise _damage(error) from error
    except schema.Different as error:
        raise Damaged(f"its table {error} is not infralab's") from error


def _damage(error: sqlite3.Error) -> Exception:
    """The error itself when it is not about what is in the file."""
    return Damaged(str(error)) if _code(error) in _BROKEN else error


def _in_memory(path: Path | None) -> sqlite3.Connection:
    """A copy of what can be read of a file; an empty record when nothing can."""
    # Without a writable folder SQLite reads a file in WAL mode only when its journal is there, or
    # when it is told that nobody writes.
    address = path.absolute().as_uri() if path else ""
    for how in ("mode=ro", "immutable=1") if address else ():
        db = _connect(":memory:")
        try:
            source = _connect(f"{address}?{how}", uri=True)
            try:
                source.backup(db)
            finally:
                source.close()
            _require_whole(db)
        except (sqlite3.Error, schema.Newer, Damaged):
            db.close()
        else:
            return db
    db = _connect(":memory:")
    schema.migrate(db)
    return db


def _moved(path: Path, word: str) -> Path:
    """Rename a database, with its journal, to `NAME.WORD-TIME`. Gives the new path."""
    stem = f"{path.name}.{word}-{time.strftime('%Y%m%d-%H%M%S')}"
    names = (stem, *(f"{stem}-{number}" for number in range(2, 100)))
    new = next(path.with_name(name) for name in names if not path.with_name(name).exists())
    for part in _PARTS:
        with suppress(FileNotFoundError):
            path.with_name(path.name + part).rename(new.with_name(new.name + part))
    return new


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time, so that of two only one sets a damaged file aside."""
    # The folder's lock: the file itself may be renamed while it is held.
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # Some network file systems know no locks.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _told(done: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        hint = "Check that the disk is not full; what was saved before is safe."
        if _code(error) in _BROKEN:
            hint = (
                "Close every infralab and start it again: it sets the file aside then, and goes "
                "on with the last good copy."
            )
        raise InfralabError(f"your progress could not be {done}: {error}", hint=hint) from error


def _code(error: sqlite3.Error) -> int:
    """The primary result code; zero for errors of Python's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _newer(path: Path, newer: schema.Newer) -> InfralabError:
    return InfralabError(
        f"your progress in {path} was written by a newer version of infralab ({newer}; this one "
        f"knows {schema.VERSION}). It was left as it is",
        hint=f"Update infralab; or keep that file aside and begin anew: mv {path} {path}.old",
    )


def _unopened(path: Path, error: Exception) -> InfralabError:
    return InfralabError(
        f"your progress in {path} cannot be opened: {error}",
        hint="Check that the folder can be written and the disk is not full. "
        "INFRALAB_DATA_DIR names another folder.",
    )
