"""A session as a row of visits to steps: what was typed, and what the record claims of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import msgspec

from lab_engine.course.verdict import Outcome
from lab_engine.recording.cast import Cast, Group, Resize, groups, sizes
from lab_engine.session.record import Moment, PastVerdict


class Claim(msgspec.Struct, frozen=True):
    """What the record says of a task: how it came out, when, and whether it was earned.

    Of a task that passed, the first pass counts, an earned one before a given one; of any other,
    what was said last.
    """

    task: str
    at: float
    outcome: str
    earned: bool

    @property
    def passed(self) -> bool:
        return self.outcome == Outcome.PASS


Act = Group | Resize | Moment | Claim


class Visit(msgspec.Struct, frozen=True):
    """One stay in a step: what was typed, asked for and claimed in it, in time order."""

    step: str
    ended: float
    acts: tuple[Act, ...]

    @property
    def claims(self) -> dict[str, Claim]:
        return {act.task: act for act in self.acts if isinstance(act, Claim)}


def claims(rows: Iterable[PastVerdict]) -> dict[str, Claim]:
    """The claim for each task from its verdicts, which are in time order."""
    found: dict[str, Claim] = {}
    for row in rows:
        new = Claim(row.task, row.at, row.outcome, row.outcome == Outcome.PASS and not row.given)
        old = found.get(row.task)
        if old is None or not old.passed or (new.earned and not old.earned):
            found[row.task] = new
    return found


def visits(
    moments: Sequence[Moment], casts: Sequence[Cast], rows: Sequence[PastVerdict]
) -> list[Visit]:
    """The visits of a session. Raises InfralabError when a recording cannot be read."""
    cuts = [moment.at for moment in moments]
    keys = [[event.at for event in cast.events if event.code == "i"] for cast in casts]
    typed = [
        group
        for n, cast in enumerate(casts)
        for group in groups(cast, n, cuts, chain.from_iterable(keys[:n] + keys[n + 1 :]))
    ]
    resized = [size for n, cast in enumerate(casts) for size in sizes(cast, n)]
    enters = [moment for moment in moments if moment.what == "enter"]
    made = []
    for enter, after in zip(enters, [*enters[1:], None], strict=True):
        end = after.at if after else float("inf")
        here = [row for row in rows if row.step == enter.step and enter.at <= row.at < end]
        acts: list[Act] = [
            *(group for group in typed if enter.at <= group.at < end),
            *(size for size in resized if enter.at <= size.at < end),
            *(m for m in moments if m.what != "enter" and enter.at < m.at < end),
            *claims(here).values(),
        ]
        acts.sort(key=lambda act: act.at)
        made.append(Visit(enter.step, end, tuple(acts)))
    return made
