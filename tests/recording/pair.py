"""Two benches of one lesson with one seed: in one a session is done, in the other replayed."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from lab_engine.course.lesson import load_course
from lab_engine.recording.cast import Cast
from lab_engine.recording.kept import fetch
from lab_engine.recording.replay import Replayed, replay_in
from lab_engine.session.record import Moment, PastVerdict, Record
from lab_engine.session.session import Session, new_session_id
from lab_engine.settings import Settings
from tests.recording.hands import perform
from tests.recording.script import Script


@dataclass
class Recorded:
    """What a session leaves: its recordings, its moments and verdicts, and what passed."""

    casts: list[Cast]
    moments: list[Moment]
    history: list[PastVerdict]
    passed: set[str]


@dataclass
class Pair:
    mine: Session
    theirs: Session

    async def record(self, script: Script) -> Recorded:
        """Do a session on a clean bench."""
        began = time.time()
        passed = await perform(self.mine, script)
        casts = await asyncio.to_thread(fetch, self.mine.bench)
        record = self.mine.record
        moments = [m for m in record.moments(self.mine.id) if m.at >= began]
        history = [row for row in record.history(self.mine.id) if row.at >= began]
        # What was typed into a shell in an earlier session is not in the history of this one.
        self.mine.bench.run(["rm", "-f", "/home/learner/.bash_history", "/root/.bash_history"])
        return Recorded([c for c in casts if c.began >= began], moments, history, passed)

    async def replay(self, recorded: Recorded, limit: float | None = None) -> Replayed:
        notes: list[str] = []
        result = await replay_in(
            self.theirs,
            self.mine.id,
            recorded.casts,
            recorded.moments,
            recorded.history,
            notes.append,
            limit=limit,
        )
        self.theirs.bench.run(["rm", "-f", "/home/learner/.bash_history", "/root/.bash_history"])
        return result


def told(result: Replayed) -> str:
    notes = [note for step in result.steps for note in step.notes]
    return "\n".join([f"{result.message} ({result.commands} inputs, {result.seconds:.1f} s)",
                      *(f"      {note}" for note in notes)])  # fmt: skip


@asynccontextmanager
async def pair(
    lesson: str, record: Record, settings: Settings, seed: str = "replay"
) -> AsyncIterator[Pair]:
    """Both benches are removed at the end."""
    made: list[Session] = []
    try:
        for name in ("mine", "theirs"):
            session = await Session.begin(
                load_course().lesson(lesson),
                record,
                settings,
                seed=seed,
                session=f"t{os.getpid()}-{name}-{new_session_id()[:4]}",
            )
            made.append(session)
        yield Pair(made[0], made[1])
    finally:
        for session in made:
            await session.down()


async def reproduce(both: Pair, chosen: Sequence[Script]) -> list[str]:
    """Record and replay each of them. Returns what went wrong."""
    wrong = []
    for script in chosen:
        name = f"{script.lesson}: {script.title}"
        try:
            recorded = await both.record(script)
        except AssertionError as error:
            print("STUCK", name, error)
            wrong.append(f"{name}: could not be typed: {error}")
            continue
        every = {check.task for check in both.mine.lab_step().checks}
        expected = every if script.expect is None else set(script.expect)
        if recorded.passed != expected:
            print("OTHER", name, sorted(recorded.passed), "instead of", sorted(expected))
            wrong.append(f"{name}: {sorted(recorded.passed)} passed, not {sorted(expected)}")
            continue
        result = await both.replay(recorded)
        print(f"{result.outcome:14} {name}: {told(result)}", flush=True)
        if result.outcome != "reproduced":
            wrong.append(f"{name}: {told(result)}")
    return wrong
