"""Looks at a replay's bench through the verifier beside it, and remembers what it found there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from lab_engine import protocol as p
from lab_engine.bench.connection import Connection
from lab_engine.bench.verifier import Verifier
from lab_engine.common import tasks
from lab_engine.common.happening import HappeningsReading
from lab_engine.common.patience import patient
from lab_engine.common.probe import Probe
from lab_engine.course.told import line
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import AgentLost, InfralabError
from lab_engine.families.netlink.probes.traffic import WatchReading
from lab_engine.recording.typist import NotReplayable
from lab_engine.session import settling
from lab_engine.session.check import Ask
from lab_engine.session.session import Session

LOOK: Final = "Replay it by hand and look: it may be a matter of timing, or a deception."
LIMIT: Final = patient(30.0)
"""Seconds for entering the bench, and for leaving it."""


def remembered(probe: Probe[Any]) -> bool:
    """Whether only the bench's agent can answer, from what it has kept: events, watched traffic.

    Here and not with the probes, which are part of a lesson's edition: who asks makes no other
    lesson.
    """
    return issubclass(probe.reading, HappeningsReading | WatchReading)


class Witness:
    """One for a replay, begun before anything is done in its session's bench.

    `faults` is what answers or stands in the bench in the place of the image's own, as sentences
    without a full stop. `notes` is what else a person should know.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.faults: list[str] = []
        self.notes: list[str] = []
        self._relied = False
        self._verifier: Verifier | None = None
        self._connection: Connection | None = None
        self._problem: InfralabError | None = None
        self._beginning: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start the verifier meanwhile; the first look waits for it."""
        self._beginning = tasks.begin(self._begin())
        self.session.starts_through = self._at_start

    async def _begin(self) -> None:
        try:
            steps = self.session.lesson.lab.steps.values()
            families = {daemon for step in steps for daemon in step.daemons}
            self._verifier = await asyncio.to_thread(Verifier.beside, self.session.bench, families)
            connection = Connection(self._verifier.relay_argv())
            # Before the greeting, which may be cancelled: `end` closes it then.
            self._connection = connection
            await connection.open(look_on=True)
        except InfralabError as error:
            self._problem = error

    async def end(self) -> None:
        """Let go, once the verifier is there or not: whoever removes the bench removes it, too."""
        self.session.starts_through = None
        if self._beginning is not None:
            await asyncio.wait([self._beginning])
        if self._connection is not None:
            await self._connection.close()

    @asynccontextmanager
    async def _at_start(self) -> AsyncIterator[Ask]:
        async with self._look(still=False) as connection:
            yield self._through(connection)

    @asynccontextmanager
    async def _look(self, *, still: bool) -> AsyncIterator[Connection]:
        """A look from inside of the bench. Raises InfralabError when there can be none."""
        if self._beginning is not None:
            await asyncio.wait([self._beginning])
        connection = self._connection
        if self._problem or connection is None:
            raise self._problem or InfralabError("there is no verifier beside the bench")
        try:
            await connection.request(p.Enter, type(None), limit=LIMIT, still=still)
            try:
                yield connection
            finally:
                await connection.request(p.Leave, type(None), limit=LIMIT)
        except AgentLost as lost:
            raise await self._blind(lost) from lost

    async def _blind(self, lost: AgentLost) -> InfralabError:
        said = []
        if self._verifier is not None:
            with suppress(InfralabError):
                said = (await asyncio.to_thread(self._verifier.log)).splitlines()
        why = f": {said[-1]}" if said else ""
        return InfralabError(f"the verifier beside the bench could not look: {lost.message}{why}")

    def _through(self, connection: Connection) -> Ask:
        async def ask(probes: Sequence[Probe[Any]]) -> list[p.Answer]:
            mine = tuple(probe for probe in probes if not remembered(probe))
            kept = tuple(probe for probe in probes if remembered(probe))
            seen = await connection.request(p.Ask, list[p.Answer], probes=mine) if mine else []
            told = await self.session.ask(kept) if kept else []
            self._relied = self._relied or bool(kept)
            answers = {True: iter(told), False: iter(seen)}
            return [next(answers[remembered(probe)]) for probe in probes]

        return ask

    async def verdicts(
        self, expected: Mapping[str, bool], glimpsed: Collection[str]
    ) -> dict[str, Verdict]:
        """How the tasks of the open step stand, seen from beside the bench.

        Args:
            expected: each task that is asked about, and whether the bench's agent saw it pass.
            glimpsed: those that passed while something was typed: they may be over.

        The learner's strays stand still meanwhile. Raises NotReplayable when it sees otherwise than
        the agent, InfralabError when it cannot look.
        """
        sure = {task: passed for task, passed in expected.items() if task not in glimpsed}
        wanted = {*expected, *glimpsed}
        seen, vouched = await self._verdicts(wanted, sure, still=True)
        if vouched.stilled and (other := _other(sure, seen)):
            moving, _ = await self._verdicts(wanted, sure, still=False)
            if not _other(sure, moving):
                raise NotReplayable(
                    f"while programs that were left in the background stand still "
                    f"({', '.join(vouched.stilled)}), it is not as it was: "
                    f"{_told(other, expected, seen)}",
                    hint=LOOK,
                )
            seen = moving
        other = _other(sure, seen)
        for verdict in (seen[task] for task in other):
            if verdict.outcome is Outcome.ERROR:
                # No answer: another bench may give one.
                raise InfralabError(
                    f"the verifier could not look at {verdict.task}: {verdict.message}"
                )
        if other:
            raise NotReplayable(
                "the bench's own agent and the verifier beside the bench do not see the same: "
                f"{_told(other, expected, seen)}",
                hint=LOOK,
            )
        # Of what has passed and is over there is the agent's word alone.
        over = {task for task in glimpsed if task in seen and not seen[task].passed}
        if over and not vouched.agent:
            self._add(self.notes, f"passed for a moment alone: {', '.join(sorted(over))}")
        if (over or self._relied) and vouched.agent:
            self._add(self.faults, vouched.agent)
        kept = {task: one for task, one in seen.items() if task not in over}
        await self.session.keep([v for v in kept.values() if v.outcome is not Outcome.WAITING])
        return kept

    async def _verdicts(
        self, wanted: Collection[str], sure: Mapping[str, bool], *, still: bool
    ) -> tuple[dict[str, Verdict], p.Vouched]:
        async with self._look(still=still) as connection:
            ask = self._through(connection)

            async def look() -> dict[str, Verdict]:
                found, _ = await self.session.verdicts(ask=ask)
                return {one.task: one for one in found if one.task in wanted}

            limit = settling.at_replay(self.session.lab_step().checks)
            seen = await settling.settled(look, lambda found: not _other(sure, found), limit)
            vouched = await connection.request(p.Vouch, p.Vouched)
        for fault in vouched.faults:
            self._add(self.faults, fault)
        if vouched.agent:
            self._add(self.notes, vouched.agent)
        return seen, vouched

    @staticmethod
    def _add(words: list[str], more: str) -> None:
        if more not in words:
            words.append(more)


def _other(sure: Mapping[str, bool], seen: Mapping[str, Verdict]) -> list[str]:
    return [task for task, passed in sure.items() if task in seen and seen[task].passed != passed]


def _told(tasks: Sequence[str], expected: Mapping[str, bool], seen: Mapping[str, Verdict]) -> str:
    parts = []
    for task in tasks:
        why = "" if seen[task].passed else f" ({line(seen[task])})"
        was = "pass" if expected[task] else "fail"
        parts.append(f"task {task} was {was}, is {seen[task].outcome.value}{why}")
    return "; ".join(parts)
