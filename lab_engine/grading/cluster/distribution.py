"""A lesson given to the crew, and given again when the worker that had it is lost.

What a lost worker did is thrown away with it, also if it was done: its result never came. So a
lesson may be done twice, and is graded once, by the one result that came here.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import msgspec

from lab_engine import __version__
from lab_engine.common import tasks
from lab_engine.course.lesson import Lesson
from lab_engine.errors import InfralabError
from lab_engine.grading.assignment.terms import LessonTerms
from lab_engine.grading.batch import one
from lab_engine.grading.batch.graders import Graders
from lab_engine.grading.batch.isolation import Asked
from lab_engine.grading.batch.run import Wanted
from lab_engine.grading.cluster import at_worker, scheduler
from lab_engine.grading.cluster.crew import Crew, gathered
from lab_engine.grading.cluster.messages import BENCH, MEMORY, Job, Outcome, Terms, decode, encode
from lab_engine.grading.gradebook.graded import LessonGrade
from lab_engine.grading.submission.handed import Handed
from lab_engine.settings import Settings

Say = Callable[[str], None]

TRIES: Final = 3
"""How often a lesson is given away when its workers are lost: it may be what they die of."""
LOOK_SECONDS: Final = 2.0
GROWTH: Final = 4
"""Times the room of the crew at the beginning: so many submissions are read ahead, for workers that
come later. They are held in memory."""
CLOSED: Final = ("closed", "closing", "failed")


@asynccontextmanager
async def distributed(
    address: str,
    wanted: Wanted,
    isolation: Asked,
    say: Say = lambda _: None,
    look: Any = at_worker.look,
    grade: Any = at_worker.grade,
) -> AsyncIterator[Wanted]:
    """A batch as it is wanted, with its lessons graded by the workers of a scheduler.

    Args:
        address: the scheduler's.
        wanted: what to grade; its `benches` are the workers' own here.
        isolation: what workers must have.
        say: told who is used, and who is not and why.
        look: what workers are asked with whether they are fit.
        grade: what they grade a lesson with.

    Raises UsageError without Dask, InfralabError when no scheduler answers or no worker is fit.
    """
    own = wanted.settings
    terms = Terms(
        wanted.assignment,
        wanted.graders.key,
        __version__,
        own.bench_memory,
        own.bench_cpus,
        isolation,
    )
    async with (
        scheduler.connected(address) as client,
        gathered(client, address, terms, say, look) as crew,
    ):
        spread = Distribution(client, crew, terms, grade)
        yield replace(wanted, grade_lesson=spread.lesson, benches=GROWTH * crew.room)


class _Lost(Exception):
    """The workers that had it have gone, after so many tries."""

    def __init__(self, message: str, tries: int = 1) -> None:
        super().__init__(message)
        self.tries = tries


class Distribution:
    """`lesson` is a `GradeLesson` of a batch; `grade` is what workers run."""

    def __init__(self, client: Any, crew: Crew, terms: Terms, grade: Any = at_worker.grade) -> None:
        self._client, self._crew, self._terms, self._grade = client, crew, terms, grade

    async def lesson(
        self,
        lesson: Lesson,
        terms: LessonTerms,
        part: Handed,
        seed: str,
        graders: Graders,
        settings: Settings,
        say: Say = lambda _: None,
    ) -> LessonGrade:
        """Raises InfralabError when the scheduler has gone, or all workers have for long."""
        # The files of the work folder are for a person to read: no replay looks at them.
        sent = msgspec.structs.replace(part, files={})
        job = encode(Job(self._terms, lesson.slug, seed, sent))
        lost = ""
        tries = 0
        while tries < TRIES:
            async with self._crew.place() as addresses:
                try:
                    outcome = await self._done(job, addresses)
                except _Lost as error:
                    tries += error.tries
                    lost = str(error)
                    say(f"{lesson.slug}: {lost}")
                    continue
            for line in outcome.said:
                say(line)
            if outcome.grade is not None:
                return outcome.grade
            self._crew.disappoint(outcome.address, outcome.unfit)
        return one.untold(lesson, terms, part, graders, lost, tries)

    async def _done(self, job: bytes, addresses: list[str]) -> Outcome:
        """What came of it. Raises _Lost."""
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        future = self._client.submit(
            self._grade,
            job,
            # Never the same twice: Dask would take an earlier result for it.
            key=f"infralab-{uuid.uuid4()}",
            workers=addresses,
            allow_other_workers=False,
            resources={BENCH: 1, MEMORY: self._terms.memory},
            pure=False,
        )
        answers: list[bytes | Exception] = []

        async def answer() -> None:
            try:
                answers.append(await future.result())
            except (KilledWorker, FutureCancelledError) as error:
                answers.append(error)

        waiting = tasks.begin(answer(), broken=answers.append)
        try:
            while not answers:
                await asyncio.wait({waiting}, timeout=LOOK_SECONDS)
                if answers:
                    break
                if self._client.status in CLOSED:
                    raise InfralabError(
                        "the scheduler has gone; what is graded is written",
                        hint="When it is there again, the same command does the rest.",
                    )
                if not any(self._crew.knows(address) for address in addresses):
                    raise _Lost("the workers that could do it have gone")
        finally:
            await tasks.end(waiting)
            # At once, not when Python collects it: a worker looks whether it is still wanted.
            future.release()
        (found,) = answers
        if isinstance(found, KilledWorker):
            # Dask has given it to others before it says so (`allowed-failures`, 3 by default).
            raise _Lost("each of the workers that graded it died", found.allowed_failures + 1)
        if isinstance(found, FutureCancelledError):
            raise _Lost("the scheduler has lost it")
        if isinstance(found, Exception):
            raise found
        return decode(found, Outcome)
