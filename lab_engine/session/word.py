"""Leaves word in a bench of where its learner is, beside all that goes on: nothing waits for it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Final

from lab_engine.course.lesson import Lesson
from lab_engine.errors import InfralabError
from lab_engine.session import whereabouts
from lab_engine.session.record import Record
from lab_engine.session.whereabouts import Whereabouts

LAST: Final = 2.0
"""Seconds that the end of a session waits for the last word: a verb may be over in one."""


class Word:
    """Of one session.

    Args:
        record: where it is read from.
        session: its id.
        lesson: what it is in.
    """

    def __init__(self, record: Record, session: str, lesson: Lesson) -> None:
        self._record = record
        self._session = session
        self._lesson = lesson
        self._left: Whereabouts | None = None
        self._container = ""
        """The bench that is still to be told."""
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def leave(self, container: str) -> None:
        """Something may have changed. Returns at once."""
        with self._guard:
            self._container = container
            if self._thread is None:
                # Not one of the loop's: an engine that hangs must not keep the program from ending.
                self._thread = threading.Thread(target=self._work, daemon=True, name="word")
                self._thread.start()

    async def end(self) -> None:
        """Wait a moment for what is under way."""
        thread = self._thread
        if thread is not None:
            await asyncio.to_thread(thread.join, LAST)

    def _work(self) -> None:
        while True:
            with self._guard:
                container, self._container = self._container, ""
                if not container:
                    self._thread = None
                    return
            # The record may be closed by now, and the bench gone.
            with suppress(InfralabError):
                row = self._record.session(self._session)
                where = whereabouts.of(self._record, row, self._lesson) if row else None
                if where is not None and not where.same_place(self._left):
                    whereabouts.leave(container, where)
                    self._left = where
