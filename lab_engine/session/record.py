"""What was done, kept at the client: sessions, verdicts, hints taken, answers (SQLite, WAL).

Everything is written when it happens, so a crash loses nothing. Times are seconds since 1970.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import msgspec

from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import InfralabError
from lab_engine.session.schema import migrate


class SessionRow(msgspec.Struct, frozen=True):
    """One session. `ended` is None while its bench may be there."""

    id: str
    lesson: str
    step: str
    seed: str
    mode: str
    began: float
    touched: float
    ended: float | None


class Moment(msgspec.Struct, frozen=True):
    """Something that happened to a session: a step was entered, reset or solved.

    `solve` is a solution that ran as a script; from `type` to `typed` one was typed into a shell.
    """

    at: float
    what: Literal["enter", "reset", "solve", "type", "typed"]
    step: str


class PastVerdict(msgspec.Struct, frozen=True):
    """How a task came out at a time; `given` when a solution did it."""

    at: float
    step: str
    task: str
    outcome: str
    given: bool


class TaskState(msgspec.Struct, frozen=True):
    """The best a task reached in a session: `passed` once is passed; `given` was not earned."""

    step: str
    task: str
    passed: bool
    given: bool
    points: int
    hints: int


class Record:
    """The database. Safe to use from one thread at a time; open one a process.

    Raises InfralabError when the file cannot be opened, or is one of a newer infralab.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=10, check_same_thread=False)
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA foreign_keys = ON")
                migrate(self._db, path)
            except BaseException:
                # The journal goes into the file with it, which can then be moved alone.
                self._db.close()
                raise
        except (OSError, sqlite3.Error) as error:
            raise InfralabError(
                f"your progress in {path} cannot be opened: {error}",
                hint="Check that the folder can be written and the disk is not full. "
                "INFRALAB_DATA_DIR names another folder.",
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._db:
                yield self._db
        except sqlite3.Error as error:
            raise InfralabError(
                f"your progress could not be written: {error}",
                hint="Check that the disk is not full; what was saved before is safe.",
            ) from error

    def begin(self, session: str, lesson: str, seed: str, mode: str = "practice") -> None:
        now = time.time()
        with self._writing() as db:
            db.execute(
                "INSERT INTO session VALUES (?, ?, '', ?, ?, ?, ?, NULL)",
                (session, lesson, seed, mode, now, now),
            )

    def enter(self, session: str, step: str, baseline: dict[str, bytes]) -> None:
        """The step has begun, with the readings that its checks compare with."""
        now = time.time()
        blob = msgspec.msgpack.encode(baseline)
        with self._writing() as db:
            db.execute(
                "INSERT INTO step VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE "
                "SET began = excluded.began, baseline = excluded.baseline",
                (session, step, now, blob),
            )
            db.execute(
                "UPDATE session SET step = ?, touched = ? WHERE id = ?", (step, now, session)
            )

    def moment(self, session: str, what: str, step: str) -> None:
        """Note what happened to a step now; see Moment."""
        with self._writing() as db:
            db.execute("INSERT INTO moment VALUES (?, ?, ?, ?)", (session, time.time(), what, step))

    def moments(self, session: str) -> list[Moment]:
        """In the order of time."""
        rows = self._db.execute(
            "SELECT at, what, step FROM moment WHERE session = ? ORDER BY at", (session,)
        )
        return [Moment(*row) for row in rows]

    def history(self, session: str) -> list[PastVerdict]:
        """Every verdict of a session without its evidence, in the order of time."""
        rows = self._db.execute(
            "SELECT at, step, task, outcome, given FROM verdict WHERE session = ? ORDER BY rowid",
            (session,),
        )
        return [
            PastVerdict(at, step, task, outcome, bool(given))
            for at, step, task, outcome, given in rows
        ]

    def baseline(self, session: str, step: str) -> dict[str, bytes] | None:
        row = self._db.execute(
            "SELECT baseline FROM step WHERE session = ? AND name = ?", (session, step)
        ).fetchone()
        return msgspec.msgpack.decode(row[0], type=dict[str, bytes]) if row else None

    def verdicts(
        self, session: str, step: str, verdicts: list[Verdict], *, given: bool = False
    ) -> None:
        """Add verdicts. Nothing is ever overwritten.

        A task that passes by a solution is `given`, and stays so until the step begins anew,
        however often it is checked. One that does not pass is not given anything.
        """
        now = time.time()
        had = {
            task
            for (task,) in self._db.execute(
                "SELECT DISTINCT task FROM verdict v JOIN step s ON s.session = v.session "
                "AND s.name = v.step WHERE v.session = ? AND v.step = ? AND v.given = 1 "
                "AND v.outcome = 'pass' AND v.at >= s.began",
                (session, step),
            )
        }
        with self._writing() as db:
            db.executemany(
                "INSERT INTO verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        session,
                        step,
                        v.task,
                        v.outcome.value,
                        v.points,
                        int(v.passed and (given or v.task in had)),
                        now,
                        msgspec.msgpack.encode(v),
                    )
                    for v in verdicts
                ],
            )
            db.execute("UPDATE session SET touched = ? WHERE id = ?", (now, session))

    def last_verdicts(self, session: str, step: str) -> list[Verdict]:
        """The newest verdict of each task; one that cannot be read any more is left out."""
        rows = self._db.execute(
            "SELECT verdict, MAX(rowid) FROM verdict WHERE session = ? AND step = ? GROUP BY task",
            (session, step),
        )
        found = []
        for verdict, _ in rows:
            with suppress(msgspec.DecodeError):
                found.append(msgspec.msgpack.decode(verdict, type=Verdict))
        return found

    def hint(self, session: str, step: str, task: str, number: int) -> None:
        with self._writing() as db:
            db.execute(
                "INSERT OR IGNORE INTO hint VALUES (?, ?, ?, ?, ?)",
                (session, step, task, number, time.time()),
            )

    def hints(self, session: str, step: str, task: str) -> int:
        """How many hints of a task were taken."""
        (count,) = self._db.execute(
            "SELECT COUNT(*) FROM hint WHERE session = ? AND step = ? AND task = ?",
            (session, step, task),
        ).fetchone()
        return int(count)

    def answer(self, session: str, step: str, question: str, answer: str, *, correct: bool) -> None:
        with self._writing() as db:
            db.execute(
                "INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?)",
                (session, step, question, answer, int(correct), time.time()),
            )

    def answered(self, session: str, step: str) -> dict[str, bool]:
        """Each question that was answered, and whether rightly at last."""
        rows = self._db.execute(
            "SELECT question, correct, MAX(rowid) FROM answer WHERE session = ? AND step = ? "
            "GROUP BY question",
            (session, step),
        )
        return {question: bool(correct) for question, correct, _ in rows}

    def tasks(self, session: str) -> list[TaskState]:
        """The state of every task that has a verdict."""
        rows = self._db.execute(
            "SELECT step, task, MAX(outcome = ?), "
            "MIN(CASE WHEN outcome = ? THEN given END), MAX(points), "
            "(SELECT COUNT(*) FROM hint h WHERE h.session = v.session AND h.step = v.step "
            "AND h.task = v.task) FROM verdict v WHERE session = ? GROUP BY step, task",
            (Outcome.PASS.value, Outcome.PASS.value, session),
        )
        return [
            TaskState(step, task, bool(passed), bool(given), points, hints)
            for step, task, passed, given, points, hints in rows
        ]

    def passed_tasks(self) -> set[tuple[str, str, str]]:
        """(lesson, step, task) that was ever passed, in any session, earned or given."""
        return set(
            self._db.execute(
                "SELECT DISTINCT s.lesson, v.step, v.task FROM verdict v JOIN session s "
                "ON s.id = v.session WHERE v.outcome = ?",
                (Outcome.PASS.value,),
            )
        )

    def end(self, session: str) -> None:
        with self._writing() as db:
            db.execute("UPDATE session SET ended = ? WHERE id = ?", (time.time(), session))

    def session(self, session: str) -> SessionRow | None:
        row = self._db.execute("SELECT * FROM session WHERE id = ?", (session,)).fetchone()
        return SessionRow(*row) if row else None

    def open_sessions(self) -> list[SessionRow]:
        """Sessions that were not ended, the one touched last first."""
        rows: list[tuple[Any, ...]] = self._db.execute(
            "SELECT * FROM session WHERE ended IS NULL ORDER BY touched DESC"
        ).fetchall()
        return [SessionRow(*row) for row in rows]

    def close(self) -> None:
        self._db.close()
