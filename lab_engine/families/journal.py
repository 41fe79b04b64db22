"""Keeps what a family's daemon tells of itself, from its start on (agent side).

A source of events (`source.py`) wakes checks and forgets; this remembers. A check can then ask what
happened first. It is kept in memory and on the bench's own volume, so that an agent that was killed
knows what it was told before.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from lab_engine.common import replacing
from lab_engine.common.happening import Happening, HappeningsReading
from lab_engine.common.probe import RESYNC
from lab_engine.families.source import Source

FOLDER: Final = Path("/var/lib/infralab/journal")
KEPT: Final = 4000
"""Events of one family; some hours of somebody who types."""
TOLD: Final = 300
"""Events in one answer."""
AGAIN_SECONDS: Final = 5.0
"""So far apart two events may come in another order than that of their times."""
FIRST_SECONDS: Final = 1.0


class Journal:
    """One family's events. Written by its one thread, read by many."""

    def __init__(self, family: str) -> None:
        self._path = FOLDER / f"{family}.jsonl"
        self._lock = threading.Lock()
        self._kept: deque[Happening] = deque(maxlen=KEPT)
        self._last = 0
        self._loaded = False
        self.listening = threading.Event()

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        with suppress(OSError):
            for line in self._path.read_bytes().splitlines():
                # The last line of an agent that was killed may be half a line.
                with suppress(msgspec.DecodeError):
                    self._kept.append(msgspec.json.decode(line, type=Happening))
            self._last = self._kept[-1].number if self._kept else 0
            self._rewrite()

    def _rewrite(self) -> None:
        lines = b"".join(msgspec.json.encode(one) + b"\n" for one in self._kept)
        replacing.write(self._path, lines)

    @property
    def latest(self) -> float:
        """When the latest event happened; 0 before any."""
        with self._lock:
            self._load()
            return self._kept[-1].at if self._kept else 0.0

    def note(
        self,
        at: float,
        kind: str,
        action: str,
        subject: str,
        id: str = "",
        facts: dict[str, str] | None = None,
    ) -> None:
        """Keep one event, unless the daemon tells it a second time after a reconnection."""
        with self._lock:
            self._load()
            if self._has(at, kind, action, id):
                return
            self._last += 1
            one = Happening(self._last, at, kind, action, subject, id, facts or {})
            self._kept.append(one)
            # Without it, an answer is still right as long as this agent lives.
            with suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                if self._last % KEPT == 0:
                    # Half of the file is older than what is kept.
                    self._rewrite()
                    return
                with self._path.open("ab") as file:
                    file.write(msgspec.json.encode(one) + b"\n")

    def _has(self, at: float, kind: str, action: str, id: str) -> bool:
        # Told again is only what is about as old as the latest one; all of it would be a long look.
        for one in reversed(self._kept):
            if (one.at, one.kind, one.action, one.id) == (at, kind, action, id):
                return True
            if one.at < at - AGAIN_SECONDS:
                return False
        return False

    def told(self, kind: str, subject: str = "") -> HappeningsReading:
        """The events of a kind, of the thing that has, or had, this name or id."""
        self.listening.wait(FIRST_SECONDS)
        with self._lock:
            self._load()
            of_kind = [one for one in self._kept if one.kind == kind]
            ids = {one.id for one in of_kind if subject in (one.subject, one.id)}
            found = [one for one in of_kind if not subject or one.id in ids]
            return HappeningsReading(self._last, tuple(found[-TOLD:]))


class Chronicler(Source):
    """The thread that fills a journal. A subclass's `listen` notes, and says when it listens."""

    topics = ()

    def __init__(self, journal: Journal) -> None:
        super().__init__(self._missed)
        self.journal = journal

    def _missed(self, topic: str, subject: str) -> None:
        assert topic == RESYNC, subject
        self.journal.listening.clear()
