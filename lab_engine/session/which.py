"""Which of the open sessions is meant."""

from __future__ import annotations

from collections.abc import Container

from lab_engine.errors import UsageError
from lab_engine.session.record import NOBODYS, WAITING, Record, SessionRow


def named(record: Record, beginning: str) -> SessionRow:
    """The only open session whose id begins so. Raises UsageError if there is not just one."""
    open_rows = [row for row in record.open_sessions() if row.mode != WAITING]
    rows = [row for row in open_rows if row.id.startswith(beginning)]
    if len(rows) != 1:
        known = ", ".join(row.id for row in open_rows) or "none"
        raise UsageError(
            f"{len(rows)} open sessions begin with {beginning!r}", hint=f"Open sessions: {known}."
        )
    return rows[0]


def of_learners(record: Record) -> list[SessionRow]:
    """The open sessions that somebody works in, the one touched last first: no proofs."""
    return [row for row in record.open_sessions() if row.mode not in NOBODYS]


def lost(record: Record, lessons: Container[str]) -> list[SessionRow]:
    """The open sessions of learners whose lesson an update of the course removed or renamed."""
    return [row for row in of_learners(record) if row.lesson not in lessons]


def told_lost(row: SessionRow) -> tuple[str, str]:
    """Of such a session, what happened, and what can be done with it."""
    return (
        f"session {row.id} is in the lesson {row.lesson}, which the course has no more",
        f"What you made is still there: `infralab shell --session {row.id}`. "
        f"`infralab down --session {row.id}` ends it.",
    )


def latest(
    record: Record,
    *,
    lessons: Container[str] | None = None,
    seed: str | None = None,
    mode: str | None = None,
) -> SessionRow | None:
    """The open session touched last that fits; what is None fits all. Never a proof's."""
    for row in of_learners(record):
        fits = (lessons is None or row.lesson in lessons) and seed in (None, row.seed)
        if fits and mode in (None, row.mode):
            return row
    return None
