"""The write-ahead record of every resource that the agent makes (agent side).

One JSON line an entry, appended with a single write: an intent before the act, its end after it.
What survives is the kernel's page cache, so a killed agent loses nothing; a torn last line (a host
that lost power) is ignored, because its act had not begun.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from lab_engine.common import replacing

Act = Literal["create", "destroy"]
Phase = Literal["intend", "done"]


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line. `at` is seconds since 1970; `needs` are keys that must outlive this resource."""

    act: Act
    phase: Phase
    key: str
    session: str
    at: float
    needs: tuple[str, ...] = ()


class Ledger:
    """Opened once by the agent. `standing` and `pending` are what its lines add up to."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.standing: dict[str, tuple[str, ...]] = {}
        self.pending: dict[str, Act] = {}
        self._needs: dict[str, tuple[str, ...]] = {}
        for entry in self._entries():
            self._apply(entry)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._end_torn_line()

    def _entries(self) -> Iterable[Entry]:
        if not self.path.exists():
            return
        decoder = msgspec.json.Decoder(Entry)
        for line in self.path.read_bytes().splitlines():
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError:
                continue

    def _end_torn_line(self) -> None:
        data = self.path.read_bytes()
        if data and not data.endswith(b"\n"):
            # Else the next entry would be appended to the torn line and be lost with it.
            os.write(self._file, b"\n")

    def _apply(self, entry: Entry) -> None:
        if entry.phase == "intend":
            self.pending[entry.key] = entry.act
            if entry.act == "create":
                self._needs[entry.key] = entry.needs
            return
        self.pending.pop(entry.key, None)
        if entry.act == "create":
            self.standing[entry.key] = entry.needs or self._needs.get(entry.key, ())
        else:
            self.standing.pop(entry.key, None)

    def write(
        self, act: Act, phase: Phase, key: str, session: str, needs: tuple[str, ...] = ()
    ) -> None:
        """Append one entry. Raises OSError when the disk is full: then the act must not begin."""
        entry = Entry(act, phase, key, session, time.time(), needs)
        line = msgspec.json.encode(entry) + b"\n"
        # One write at the end of the file (O_APPEND, open(2)): no buffer of ours is lost with us.
        if os.write(self._file, line) != len(line):
            raise OSError("the ledger's disk is full")
        self._apply(entry)

    def needs(self, key: str) -> tuple[str, ...]:
        """What the resource `key` stands on, standing or pending."""
        return self.standing.get(key) or self._needs.get(key, ())

    def compact(self) -> None:
        """Rewrite the file to what stands and what is pending, atomically."""
        lines = [
            msgspec.json.encode(Entry("create", "done", key, "", time.time(), needs))
            for key, needs in self.standing.items()
        ] + [
            msgspec.json.encode(Entry(act, "intend", key, "", time.time()))
            for key, act in self.pending.items()
        ]
        replacing.write(self.path, b"".join(line + b"\n" for line in lines), durable=True)
        os.close(self._file)
        # The open descriptor is still that of the file that was replaced.
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def close(self) -> None:
        os.close(self._file)
