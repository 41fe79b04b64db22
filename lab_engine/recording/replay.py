"""Type a session again in a fresh bench with its seed, and compare the verdicts (client side)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack
from typing import Final, Literal, Protocol

import msgspec

from lab_engine.course import edition
from lab_engine.course.lesson import Lesson
from lab_engine.course.told import line
from lab_engine.course.verdict import Verdict
from lab_engine.errors import InfralabError
from lab_engine.recording.cast import Cast, Group, Resize, Unreadable, files
from lab_engine.recording.glimpse import glimpses, hoped
from lab_engine.recording.limit import time_limit
from lab_engine.recording.typist import NotReplayable, Say, Typist
from lab_engine.recording.visits import Claim, Visit, claims, visits
from lab_engine.recording.witness import Witness
from lab_engine.session import settling
from lab_engine.session.record import Moment, PastVerdict, Record, SessionRow
from lab_engine.session.session import Session
from lab_engine.settings import Settings

GIVEN: Final = "given"
OLD_EDITION: Final = "Replay it with the infralab that recorded it."
LONGER: Final = "On a slow machine INFRALAB_PATIENCE=3 gives it three times as long."

Ending = Literal["reproduced", "diverged", "not replayable"]


class StepResult(msgspec.Struct, frozen=True):
    """One step: how its tasks came out in the record, and at the same points of the replay.

    A pass by a solution is `given`. `evidence` says why a task does not pass in the replay; `notes`
    what else differs: exit codes, files below the work folder, a terminal that was not where it
    was. Notes alone are no divergence.
    """

    step: str
    recorded: dict[str, str]
    replayed: dict[str, str]
    evidence: dict[str, str] = {}
    notes: tuple[str, ...] = ()

    @property
    def different(self) -> list[str]:
        """The tasks that passed in one of the two and not in the other.

        What was never checked in the record is not claimed, so it cannot differ.
        """
        kinds = ("pass", GIVEN)
        return [
            task
            for task, was in self.recorded.items()
            if (was if was in kinds else "")
            != (now if (now := self.replayed.get(task, "")) in kinds else "")
        ]

    @property
    def same(self) -> bool:
        return not self.different


class Replayed(msgspec.Struct, frozen=True):
    """How a replay ended. `message` says where it diverged, or what could not be replayed."""

    session: str
    outcome: Ending
    message: str
    steps: tuple[StepResult, ...]
    commands: int
    seconds: float


class Past(Protocol):
    """Where the moments and the verdicts of a session are: a record, or what was handed in."""

    def moments(self, session: str) -> list[Moment]: ...

    def history(self, session: str) -> list[PastVerdict]: ...


def not_replayable(session: str, error: InfralabError) -> Replayed:
    """A replay that could not begin."""
    return Replayed(session, "not replayable", f"not replayable: {_why(error)}", (), 0, 0.0)


def _why(error: InfralabError) -> str:
    return f"{error.message}. {error.hint}" if error.hint else error.message


Look = Callable[[Session], Awaitable[None]]


async def _not_looked_at(session: Session) -> None:
    pass


async def replay(
    lesson: Lesson,
    row: SessionRow,
    casts: Sequence[Cast],
    record: Past,
    scratch: Record,
    settings: Settings,
    say: Say = lambda _: None,
    *,
    was: str = "",
    before: Look = _not_looked_at,
    after: Look = _not_looked_at,
    seen_by: Callable[[Session], Witness] | None = None,
) -> Replayed:
    """Do again what a session did, in a bench of its own that is removed at the end.

    Args:
        lesson: the session's lesson, as it is now.
        row: the session.
        casts: its recordings.
        record: where its moments and verdicts are.
        scratch: where the replay's own session is recorded.
        settings: for the bench.
        say: told what goes on.
        was: the edition of the lesson that it was recorded with, where that is known.
        before: looks at the replay's own session before anything is done in it.
        after: looks at it when all is done, before its bench is removed.
        seen_by: who looks at it from beside the bench; without one the bench's agent is believed.

    Raises InfralabError when the bench cannot be made.
    """
    moments, history = record.moments(row.id), record.history(row.id)
    if gone := _gone(lesson, moments, history):
        return not_replayable(row.id, InfralabError(gone, hint=OLD_EDITION))
    try:
        # Before a bench is made: a recording that cannot be read needs none.
        visits(moments, casts, history)
    except Unreadable as error:
        return not_replayable(row.id, error)
    session = await Session.begin(lesson, scratch, settings, seed=row.seed, mode="replay")
    witness = seen_by(session) if seen_by else None
    try:
        if witness:
            witness.begin()
        await before(session)
        result = await replay_in(session, row.id, casts, moments, history, say, witness=witness)
        await after(session)
    finally:
        # Shielded: Ctrl-C must not leave the bench behind.
        await asyncio.shield(_leave(session, witness))
    if result.outcome == "diverged" and was not in ("", edition.of_lesson(lesson)):
        message = f"not replayable: the lesson has changed since: {result.message}. {OLD_EDITION}"
        return msgspec.structs.replace(result, outcome="not replayable", message=message)
    return result


async def _leave(session: Session, witness: Witness | None) -> None:
    if witness:
        await witness.end()
    await session.down()


def _gone(lesson: Lesson, moments: Sequence[Moment], history: Sequence[PastVerdict]) -> str:
    """What the record names and the lesson does not have any more, as a sentence."""
    tasks = {step.name: {task.id for task in step.tasks} for step in lesson.steps}
    for step in (*(moment.step for moment in moments), *(row.step for row in history)):
        if step not in tasks:
            return f"lesson {lesson.slug} has no step {step!r} any more"
    for row in history:
        if row.task not in tasks[row.step]:
            return f"step {row.step} of lesson {lesson.slug} has no task {row.task!r} any more"
    return ""


async def replay_in(
    session: Session,
    original: str,
    casts: Sequence[Cast],
    moments: Sequence[Moment],
    history: Sequence[PastVerdict],
    say: Say = lambda _: None,
    *,
    limit: float | None = None,
    witness: Witness | None = None,
) -> Replayed:
    """Do again what was done, in a session with the same seed that is there for it.

    Each visit begins with entering its step, so a session may serve for several replays. It takes
    `limit` seconds at the most; `time_limit` says how many when that is left out. Raises
    InfralabError when a step cannot be made.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    typist = Typist(session, casts, say)
    results: list[StepResult] = []

    def ended(outcome: Ending, message: str) -> Replayed:
        seconds = loop.time() - began
        return Replayed(original, outcome, message, tuple(results), typist.commands, seconds)

    try:
        stays = visits(moments, casts, history)
        limit = time_limit(stays) if limit is None else limit
        async with asyncio.timeout(limit) as time:
            for number, visit in enumerate(stays, 1):
                result = await _visit(typist, visit, witness)
                results.append(result)
                if not result.same:
                    return ended(
                        "diverged",
                        f"diverged at step {number} ({visit.step}): {_difference(result)}",
                    )
    except (NotReplayable, Unreadable) as error:
        return ended("not replayable", f"not replayable: {_why(error)}")
    except TimeoutError:
        # Another time limit, inside of this one, has passed.
        if not time.expired():
            raise
        return ended(
            "not replayable",
            f"not replayable: it took longer than {limit:.0f} s, and {len(results)} of "
            f"{len(stays)} visits to steps were done. {LONGER}",
        )
    finally:
        await typist.close()
    if not any(result.recorded for result in results):
        return ended("not replayable", "not replayable: nothing was recorded")
    return ended("reproduced", "reproduced")


async def _visit(typist: Typist, visit: Visit, witness: Witness | None) -> StepResult:
    session = typist.session
    # A replay owns its bench: whatever is there was typed by it.
    await session.enter(visit.step, agreed=True)
    typist.notes.clear()
    entered = len(session.record.history(session.id))
    typist.say(f"step {visit.step}: {len(visit.acts)} acts")
    seen: dict[str, Verdict] = {}
    open_claims: list[Claim] = []
    glimpsed: dict[str, Verdict] = {}
    async with AsyncExitStack() as by_solution:
        # None at the end, so that the last claims are looked at, too.
        for number, act in enumerate((*visit.acts, None)):
            if isinstance(act, Claim):
                # Looked at before the next act, all together: one look answers for a whole step.
                open_claims.append(act)
                continue
            if open_claims:
                # What passed while the piece was typed has passed, though it may be over by now.
                seen |= glimpsed
                await _look(session, open_claims, glimpsed, seen, witness)
                open_claims, glimpsed = [], {}
            if isinstance(act, Group):
                async with glimpses(session, hoped(visit.acts, number)) as glimpsed:
                    await typist.type(act)
            elif isinstance(act, Resize):
                await typist.resize(act)
            elif act:
                # `typed`, or whatever else was asked for, ends what a solution had typed.
                await by_solution.aclose()
                if act.what == "type":
                    await by_solution.enter_async_context(session.solving.by_solution())
                elif act.what == "reset":
                    await session.reset()
                elif act.what == "solve":
                    await session.solving.solve()
    given = {
        claim.task
        for claim in claims(session.record.history(session.id)[entered:]).values()
        if claim.passed and not claim.earned
    }
    return StepResult(
        visit.step,
        {
            task: GIVEN if claim.passed and not claim.earned else claim.outcome
            for task, claim in visit.claims.items()
        },
        {
            task: GIVEN if verdict.passed and task in given else verdict.outcome.value
            for task, verdict in seen.items()
        },
        {task: line(verdict) for task, verdict in seen.items() if not verdict.passed},
        (*typist.notes, *_files(files(typist.casts, visit.ended), await typist.files())),
    )


async def _look(
    session: Session,
    claimed: Sequence[Claim],
    glimpsed: Collection[str],
    seen: dict[str, Verdict],
    witness: Witness | None,
) -> None:
    """Check where the record checked, and give what was done a moment to have its effect."""
    wanted = [claim for claim in claimed if claim.task not in glimpsed]

    async def look() -> dict[str, Verdict]:
        verdicts, _ = await session.check()
        return {verdict.task: verdict for verdict in verdicts}

    def agrees(found: dict[str, Verdict]) -> bool:
        seen.update({claim.task: found[claim.task] for claim in wanted if claim.task in found})
        return all(c.task in seen and seen[c.task].passed == c.passed for c in wanted)

    if wanted:
        await settling.settled(look, agrees, settling.at_replay(session.lab_step().checks))
    if witness is not None:
        expected = {c.task: seen[c.task].passed for c in wanted if c.task in seen}
        seen.update(await witness.verdicts(expected, glimpsed))


def _files(recorded: dict[str, str] | None, replayed: dict[str, str]) -> list[str]:
    if recorded is None:
        return []
    return [
        *(f"~/work/{name} is missing" for name in sorted(recorded.keys() - replayed.keys())),
        *(f"~/work/{name} was not there" for name in sorted(replayed.keys() - recorded.keys())),
        *(
            f"~/work/{name} has other content"
            for name in sorted(recorded.keys() & replayed.keys())
            if recorded[name] != replayed[name]
        ),
    ]


def _difference(result: StepResult) -> str:
    parts = []
    for task in result.different:
        told = result.evidence.get(task, "")
        now = result.replayed.get(task, "not there")
        parts.append(f"task {task} was {result.recorded[task]}, is {now}"
                     + (f" ({told})" if told else ""))  # fmt: skip
    return "; ".join(parts)
