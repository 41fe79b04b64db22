"""A learner's recorded terminals as one tape: what to draw when, and where to jump to.

Times on a tape are seconds from its start, with long pauses shortened: nobody watches a learner
think. `clock` gives the time of day that a place of the tape had.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import msgspec

from lab_engine.grading.insight.typed import lines
from lab_engine.grading.submission.handed import Handed
from lab_engine.recording.cast import SIZE, Cast
from lab_engine.shown import shown

PAUSE: Final = 2.0
"""Seconds to which a longer pause is shortened."""
WIDEST: Final = 400
"""Columns, and rows: a recording may say any size, and each cell costs memory."""

Kind = Literal["step", "command", "verdict"]


class Frame(NamedTuple):
    """Something to draw: output (`o`), or a new size (`r`, columns and rows)."""

    at: float
    shell: int
    code: Literal["o", "r"]
    data: str


class Mark(NamedTuple):
    """A place to jump to. `passed`: a verdict that says so; `clock`: in seconds since 1970."""

    at: float
    kind: Kind
    text: str
    clock: float
    passed: bool = False


class Shell(NamedTuple):
    """A terminal: its size at the start, and where its shell ran."""

    place: str
    columns: int
    rows: int


class Tape(msgspec.Struct, frozen=True):
    """`frames` and `marks` are in the order of time; `seconds` is its length."""

    shells: tuple[Shell, ...]
    frames: tuple[Frame, ...]
    marks: tuple[Mark, ...]
    seconds: float

    def frame_after(self, at: float) -> int:
        """The number of the first frame that is later."""
        return bisect.bisect_right(self.frames, at, key=lambda frame: frame.at)

    def next_mark(self, at: float, kinds: Sequence[Kind]) -> Mark | None:
        """The first one of these kinds that is later."""
        return next((one for one in self.marks if one.kind in kinds and one.at > at), None)

    def mark_before(self, at: float, kinds: Sequence[Kind]) -> Mark | None:
        """The last one of these kinds that is earlier."""
        found = (one for one in reversed(self.marks) if one.kind in kinds and one.at < at)
        return next(found, None)


def tape(part: Handed) -> Tape:
    """The tape of one lesson of a submission. Raises Unreadable."""
    casts = part.recordings()
    frames = [
        (event.at, shell, event.code, _drawn(event.code, event.data))
        for shell, cast in enumerate(casts)
        for event in cast.events
        if event.code == "o" or (event.code == "r" and SIZE.match(event.data))
    ]
    marks = _marks(part)
    keys = [event.at for cast in casts for event in cast.events if event.code == "i"]
    every = sorted({*keys, *(frame[0] for frame in frames), *(mark.clock for mark in marks)})
    places = _places(every)
    return Tape(
        tuple(_shell(cast) for cast in casts),
        tuple(
            Frame(places[at], shell, "r" if code == "r" else "o", data)
            for at, shell, code, data in sorted(frames, key=lambda frame: frame[0])
        ),
        tuple(mark._replace(at=places[mark.clock]) for mark in marks),
        places[every[-1]] if every else 0.0,
    )


def _drawn(code: str, data: str) -> str:
    return data if code == "o" else "x".join(str(min(int(n), WIDEST)) for n in data.split("x"))


def _shell(cast: Cast) -> Shell:
    return Shell(shown(cast.place), min(cast.columns, WIDEST), min(cast.rows, WIDEST))


def _places(times: Sequence[float]) -> dict[float, float]:
    """Where on the tape each time is."""
    found: dict[float, float] = {}
    at = 0.0
    if times:
        found[times[0]] = at
    for before, now in pairwise(times):
        at += min(now - before, PAUSE)
        found[now] = at
    return found


def _marks(part: Handed) -> list[Mark]:
    """Without their places on the tape yet."""
    found = [Mark(0.0, "command", shown(line.text), line.at) for line in lines([part])]
    words = {"enter": "begins", "reset": "is reset", "solve": "is solved by a solution",
             "type": "is typed by a solution", "typed": "was typed by a solution"}  # fmt: skip
    found += [
        Mark(0.0, "step", f"step {one.step} {words[one.what]}", one.at)
        for one in part.past.happened
    ]
    said: dict[tuple[str, str], str] = {}
    for told in part.past.verdicts:
        place = (told.step, told.task)
        evidence = told.verdict.evidence if told.verdict else None
        passed = told.outcome.value == "pass"
        text = f"{told.step}/{told.task}: {'given' if told.given else told.outcome.value}"
        if evidence and not passed:
            text += f" ({evidence.reason}): {evidence.observed}"
        # One that says what the one before said is no place to jump to.
        if said.get(place) != text:
            said[place] = text
            found.append(Mark(0.0, "verdict", shown(" ".join(text.split())), told.at, passed))
    return sorted(found, key=lambda mark: mark.clock)


def clock(at: float) -> str:
    """A time of day, in this machine's time."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S")


def length(seconds: float) -> str:
    """A place of a tape as minutes and seconds."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"
