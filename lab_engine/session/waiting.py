"""A session that waits for a learner: made ready before anybody asks for its lesson.

To enter a lesson takes seconds, nearly all of them for the bench and for what its first step needs.
So the lesson that is most likely opened next may have its own beforehand, on a machine with room
for it. It is made by the same calls as every other; its row in the record says that it waits,
until a learner takes it. One that nobody took is removed by the program that made it; when that was
killed, by the next one, or by `infralab gc`.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from lab_engine.bench import image, owner
from lab_engine.bench.container import Bench
from lab_engine.course.lesson import Lesson
from lab_engine.packs import image as images
from lab_engine.session.record import WAITING, Record
from lab_engine.session.session import Session
from lab_engine.settings import Settings

YOUNG: Final = 120.0
"""Seconds in which a session without a bench may be one that begins at this moment."""
HEAVY: Final = frozenset({"vm", "cluster"})
"""Kinds that take so much memory and processor that nobody's machine is given to them unasked."""


def buildable(lesson: Lesson) -> bool:
    """Whether the lesson's bench is only to be started: its image takes no minutes to build."""
    return image.state().base_present and images.missing(lesson.packs) is None


async def make(lesson: Lesson, record: Record, settings: Settings, seed: str) -> Session:
    """A session with its bench, in its first step if that one is light. Raises as `begin`."""
    session = await Session.begin(
        lesson, record, settings, seed=seed, mode=WAITING, step=lesson.steps[0].name, build=False
    )
    try:
        # Off the loop: it reads the lesson's files and imports its lab.
        step = await asyncio.to_thread(lambda: lesson.steps[0].lab_step)
        if step is not None and not _heavy(session, step.name):
            await session.enter(step.name, agreed=True)
    except BaseException:
        # Shielded: a second, impatient end must not leave a bench behind.
        await asyncio.shield(session.down())
        raise
    return session


def _heavy(session: Session, step: str) -> bool:
    resources = session.lab_step(step).resources(session.variables)
    return any(one.kind() in HEAVY for one in resources)


def clear(record: Record) -> None:
    """Remove what waits for nobody any more, since its program was killed.

    Raises DockerUnavailable, BenchError.
    """
    for row in record.open_sessions():
        if row.mode != WAITING:
            continue
        bench = Bench.find(row.id)
        if bench is None:
            if time.time() - row.began > YOUNG:
                record.end(row.id)
        elif owner.ended(bench.inspect()["Config"]["Labels"], owner.WAITING):
            bench.remove()
            record.end(row.id)
