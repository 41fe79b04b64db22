"""Tasks that pass only for a moment, while a command runs, seen as the learner's own screen did."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from lab_engine.course.verdict import Verdict
from lab_engine.recording.cast import Group
from lab_engine.recording.visits import Act, Claim
from lab_engine.session.lookout import Lookout
from lab_engine.session.record import Moment
from lab_engine.session.session import Session


@asynccontextmanager
async def glimpses(session: Session, tasks: Collection[str]) -> AsyncIterator[dict[str, Verdict]]:
    """While it is open, events wake the checks; the dict fills with the first passes of `tasks`.

    Nobody looks when there are none. A check that cannot be made then is left out: what
    follows looks again.
    """
    seen: dict[str, Verdict] = {}

    def note(verdicts: list[Verdict]) -> None:
        for verdict in verdicts:
            if verdict.passed and verdict.task in tasks:
                # The first pass counts, as it does in the record (`visits.Claim`).
                seen.setdefault(verdict.task, verdict)

    if not tasks:
        yield seen
        return

    lookout = Lookout(session, note)
    lookout.begin()
    try:
        yield seen
    finally:
        await lookout.end()
        session.on_event = lambda _: None


def hoped(acts: Sequence[Act], number: int) -> frozenset[str]:
    """The tasks that passed after this act and before anything else was typed or asked for."""
    found = set()
    for act in acts[number + 1 :]:
        if isinstance(act, Group | Moment):
            break
        if isinstance(act, Claim) and act.passed:
            found.add(act.task)
    return frozenset(found)
