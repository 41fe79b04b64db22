"""What was done, kept at the client: sessions, verdicts, hints taken, answers (SQLite).

Everything is written when it happens, so a crash loses nothing. Times are seconds since 1970. How
the file is opened, written and mended is in `lab_engine.session.store`.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, Self

import msgspec

from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.session.store import Store

PASSING: Final = ("proof", "replay")
"""Modes of sessions that end with the program that began them."""
WAITING: Final = "waiting"
"""The mode of a session that was made ready before a learner asked for it."""
NOBODYS: Final = ("proof", WAITING)
"""Modes of sessions in which no learner works, though the record has them."""


class SessionRow(msgspec.Struct, frozen=True):
    """One session. `ended` is None while its bench may be there.

    `arriving` is a step whose resources are there, and that nothing says yet that it is entered:
    the intent of a client, which it had no time to finish when this is found.
    """

    id: str
    lesson: str
    step: str
    seed: str
    mode: str
    began: float
    touched: float
    ended: float | None
    arriving: str = ""


_SESSION: Final = ", ".join(SessionRow.__struct_fields__)


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


class Hint(msgspec.Struct, frozen=True):
    """A hint that was shown first at that time; `number` counts from 1."""

    at: float
    step: str
    task: str
    number: int


class Answer(msgspec.Struct, frozen=True):
    """An answer to a question, right or wrong."""

    at: float
    step: str
    question: str
    answer: str
    correct: bool


class TaskState(msgspec.Struct, frozen=True):
    """The best a task reached in a session: `passed` once is passed; `given` was not earned."""

    step: str
    task: str
    passed: bool
    given: bool
    points: int
    hints: int


class Record:
    """The record of a person on this machine. Every method may be called from any thread.

    Those that write wait for the disk, and for other processes that write: a loop that draws
    screens calls them in a thread. Raises InfralabError, from the constructor when the file cannot
    be opened or is one of a newer infralab, from a method when it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._store = Store(path)

    @classmethod
    def in_memory(cls, path: Path | None = None) -> Self:
        """One that is not kept, with what can be read of the record in `path`; no error is raised.

        For verbs that must work when the record cannot be opened, and for what is only tried.
        """
        self = cls.__new__(cls)
        self._store = Store.in_memory(path)
        return self

    @property
    def kept(self) -> bool:
        """Whether what is written now will be there for the next process."""
        return self._store.kept

    @property
    def said(self) -> tuple[str, ...]:
        """What a person must know about the file: that it was damaged, and what became of it."""
        return self._store.said

    def begin(self, session: str, lesson: str, seed: str, mode: str = "practice") -> None:
        now = time.time()

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO session (id, lesson, step, seed, mode, began, touched) "
                "VALUES (?, ?, '', ?, ?, ?, ?)",
                (session, lesson, seed, mode, now, now),
            )

        # A bench whose session no record knows would be taken for somebody else's.
        self._store.write(work, copy=True)

    def claim(self, session: str, mode: str) -> None:
        """Somebody takes a session that waited for them: all of it begins now."""
        now = time.time()

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE session SET mode = ?, began = ?, touched = ? WHERE id = ?",
                (mode, now, now, session),
            )
            db.execute("UPDATE step SET began = ? WHERE session = ?", (now, session))
            db.execute("UPDATE moment SET at = ? WHERE session = ?", (now, session))

        # As for `begin`: a bench that still waits by the record is removed with its program.
        self._store.write(work, copy=True)

    def arrive(self, session: str, step: str) -> None:
        """All of the step is made. `enter` follows, or the client was killed."""
        self._write("UPDATE session SET arriving = ? WHERE id = ?", (step, session))

    def enter(self, session: str, step: str, baseline: dict[str, bytes]) -> None:
        """The step has begun, with the readings that its checks compare with."""
        now = time.time()
        blob = msgspec.msgpack.encode(baseline)

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO step (session, name, began, baseline) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET began = excluded.began, baseline = excluded.baseline",
                (session, step, now, blob),
            )
            db.execute(
                "UPDATE session SET step = ?, arriving = '', touched = ? WHERE id = ?",
                (step, now, session),
            )

        self._store.write(work)

    def moment(self, session: str, what: str, step: str) -> None:
        """Note what happened to a step now; see Moment."""
        self._write(
            "INSERT INTO moment (session, at, what, step) VALUES (?, ?, ?, ?)",
            (session, time.time(), what, step),
        )

    def moments(self, session: str) -> list[Moment]:
        """In the order of time."""
        rows = self._store.read(
            "SELECT at, what, step FROM moment WHERE session = ? ORDER BY at", (session,)
        )
        return [Moment(*row) for row in rows]

    def history(self, session: str) -> list[PastVerdict]:
        """Every verdict of a session without its evidence, in the order of time."""
        rows = self._store.read(
            # All verdicts of one look have the same time: the row's number keeps their order.
            "SELECT at, step, task, outcome, given FROM verdict WHERE session = ? ORDER BY rowid",
            (session,),
        )
        return [
            PastVerdict(at, step, task, outcome, bool(given))
            for at, step, task, outcome, given in rows
        ]

    def evidence(self, session: str) -> list[Verdict | None]:
        """The whole verdicts, in the order of `history`; None for one that cannot be read."""
        rows = self._store.read(
            "SELECT verdict FROM verdict WHERE session = ? ORDER BY rowid", (session,)
        )
        return [_verdict(data) for (data,) in rows]

    def start_readings(self, session: str, step: str) -> dict[str, bytes] | None:
        """What `enter` was given; None when there is none, or it cannot be read any more."""
        rows = self._store.read(
            "SELECT baseline FROM step WHERE session = ? AND name = ?", (session, step)
        )
        for (baseline,) in rows:
            with suppress(msgspec.DecodeError):
                return msgspec.msgpack.decode(baseline, type=dict[str, bytes])
        return None

    def verdicts(
        self, session: str, step: str, verdicts: list[Verdict], *, given: bool = False
    ) -> None:
        """Add verdicts. Nothing is ever overwritten.

        A task that passes by a solution is `given`, and stays so until the step begins anew,
        however often it is checked. One that does not pass is not given anything.
        """
        now = time.time()

        def work(db: sqlite3.Connection) -> None:
            had = {
                task
                for (task,) in db.execute(
                    "SELECT DISTINCT task FROM verdict v JOIN step s ON s.session = v.session "
                    "AND s.name = v.step WHERE v.session = ? AND v.step = ? AND v.given = 1 "
                    "AND v.outcome = 'pass' AND v.at >= s.began",
                    (session, step),
                )
            }
            db.executemany(
                "INSERT INTO verdict (session, step, task, outcome, points, given, at, verdict) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
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

        self._store.write(work)

    def last_verdicts(self, session: str, step: str) -> list[Verdict]:
        """The newest verdict of each task; one that cannot be read any more is left out."""
        rows = self._store.read(
            # A column beside MAX() is that of the row with the greatest value (SQLite, SELECT,
            # "Bare columns in an aggregate query").
            "SELECT verdict, MAX(rowid) FROM verdict WHERE session = ? AND step = ? GROUP BY task",
            (session, step),
        )
        return [found for data, _ in rows if (found := _verdict(data)) is not None]

    def hint(self, session: str, step: str, task: str, number: int) -> None:
        self._write(
            # Shown again it costs nothing.
            "INSERT OR IGNORE INTO hint (session, step, task, number, at) VALUES (?, ?, ?, ?, ?)",
            (session, step, task, number, time.time()),
        )

    def hints(self, session: str, step: str, task: str) -> int:
        """How many hints of a task were taken."""
        ((count,),) = self._store.read(
            "SELECT COUNT(*) FROM hint WHERE session = ? AND step = ? AND task = ?",
            (session, step, task),
        )
        return int(count)

    def all_hints(self, session: str) -> list[Hint]:
        """Every hint that was taken, in the order of time."""
        rows = self._store.read(
            "SELECT at, step, task, number FROM hint WHERE session = ? ORDER BY at", (session,)
        )
        return [Hint(*row) for row in rows]

    def answer(self, session: str, step: str, question: str, answer: str, *, correct: bool) -> None:
        self._write(
            "INSERT INTO answer (session, step, question, answer, correct, at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (session, step, question, answer, int(correct), time.time()),
        )

    def answered(self, session: str, step: str) -> dict[str, bool]:
        """Each question that was answered, and whether rightly at last."""
        rows = self._store.read(
            # As above: the columns are those of the last answer.
            "SELECT question, correct, MAX(rowid) FROM answer WHERE session = ? AND step = ? "
            "GROUP BY question",
            (session, step),
        )
        return {question: bool(correct) for question, correct, _ in rows}

    def all_answers(self, session: str) -> list[Answer]:
        """Every answer that was given, in the order of time."""
        rows = self._store.read(
            "SELECT at, step, question, answer, correct FROM answer WHERE session = ? "
            "ORDER BY rowid",
            (session,),
        )
        return [Answer(at, step, asked, said, bool(right)) for at, step, asked, said, right in rows]

    def tasks(self, session: str) -> list[TaskState]:
        """The state of every task that has a verdict."""
        rows = self._store.read(
            # One pass that was earned is enough; what is no pass is NULL, which MIN() leaves out.
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
            self._store.read(
                "SELECT DISTINCT s.lesson, v.step, v.task FROM verdict v JOIN session s "
                "ON s.id = v.session WHERE v.outcome = ?",
                (Outcome.PASS.value,),
            )
        )

    def right_answers(self) -> set[tuple[str, str, str]]:
        """(lesson, step, question) that was ever answered rightly, in any session."""
        return set(
            self._store.read(
                "SELECT DISTINCT s.lesson, a.step, a.question FROM answer a JOIN session s "
                "ON s.id = a.session WHERE a.correct"
            )
        )

    def end(self, session: str) -> None:
        self._write("UPDATE session SET ended = ? WHERE id = ?", (time.time(), session))

    def session(self, session: str) -> SessionRow | None:
        rows = self._store.read(f"SELECT {_SESSION} FROM session WHERE id = ?", (session,))  # noqa: S608
        return SessionRow(*rows[0]) if rows else None

    def open_sessions(self) -> list[SessionRow]:
        """Sessions that were not ended, the one touched last first."""
        rows = self._store.read(
            f"SELECT {_SESSION} FROM session WHERE ended IS NULL ORDER BY touched DESC"  # noqa: S608
        )
        return [SessionRow(*row) for row in rows]

    def sessions(self, lesson: str) -> list[SessionRow]:
        """Every session of a lesson, ended or not, the one touched last first."""
        rows = self._store.read(
            f"SELECT {_SESSION} FROM session WHERE lesson = ? ORDER BY touched DESC",  # noqa: S608
            (lesson,),
        )
        return [SessionRow(*row) for row in rows]

    def _write(self, command: str, values: tuple[object, ...]) -> None:
        self._store.write(lambda db: db.execute(command, values))

    def close(self) -> None:
        self._store.close()


def _verdict(data: bytes) -> Verdict | None:
    with suppress(msgspec.DecodeError):
        return msgspec.msgpack.decode(data, type=Verdict)
    return None
