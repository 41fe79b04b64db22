"""The tasks of the step at hand: how they stand, and what is said when that changes."""

from __future__ import annotations

from collections.abc import Sequence

from lab_engine.course.text.model import TaskBlock
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import InfralabError
from lab_engine.plain.learning import LearningSession
from lab_engine.plain.spoken import spoken, verdict_lines
from lab_engine.plain.talk import Talk
from lab_engine.session.lookout import Lookout

SETTLE_SECONDS = 0.4
"""After a command, so long is waited for a change before the prompt."""
VERDICTS = "verdicts"


class Tasks:
    """Those of one step after the other; a part of the walk.

    Args:
        session: is in the step.
        talk: where it is told.
    """

    def __init__(self, session: LearningSession, talk: Talk) -> None:
        self.session, self.talk = session, talk
        self.blocks: tuple[TaskBlock, ...] = ()
        self.seen: dict[str, Outcome] = {}
        """How each task stood when it was told last."""
        self._lookout = Lookout(session, self._heard, on_lost=self._blind)

    @property
    def open(self) -> bool:
        """Whether some task is not done, as far as was told."""
        return any(self.seen.get(block.id) is not Outcome.PASS for block in self.blocks)

    def number(self, task: str) -> int:
        return next(n for n, block in enumerate(self.blocks, 1) if block.id == task)

    async def of(self, blocks: tuple[TaskBlock, ...]) -> None:
        """The tasks of another step, which is not ready yet."""
        # What goes on while a step is made is no news, neither of this step nor of the last one.
        await self.rest()
        self.blocks, self.seen = blocks, {}

    async def begin(self) -> None:
        """The step is ready: tell what changes from now on."""
        self.seen = {verdict.task: verdict.outcome for verdict in await self._look()}
        self.go_on()

    def go_on(self) -> None:
        self._lookout.begin()

    async def rest(self) -> None:
        """Tell nothing until `go_on`."""
        await self._lookout.end()

    async def check(self) -> None:
        """Say every task's verdict."""
        if not self.blocks:
            self.talk.say("This step has nothing to check. `next` goes on.")
            return
        verdicts = await self._look()
        for verdict in verdicts:
            for line in verdict_lines(self.number(verdict.task), verdict):
                self.talk.say(line)
        self._remember(verdicts)

    async def changes(self) -> None:
        """Say what is different since the last look, in a sentence each."""
        if not self.blocks:
            return
        verdicts = await self._look()
        news = any(spoken(verdicts, self.seen, self.number))
        if not news and not all(verdict.passed for verdict in verdicts):
            # What was left in the background may not be up yet; later, it is told when it is.
            await self._lookout.news(SETTLE_SECONDS)
            verdicts = await self._look()
        self._tell(verdicts)

    async def _look(self) -> list[Verdict]:
        """All verdicts now. What the checks told before is outdated by them."""
        verdicts = await self._lookout.look()
        if verdicts is None:
            verdicts, _ = await self.session.check()
        self.talk.forget(VERDICTS)
        return verdicts

    def _heard(self, verdicts: list[Verdict]) -> None:
        if any(spoken(verdicts, self.seen, self.number)):
            self.talk.between(VERDICTS, lambda: self._tell(verdicts))
        else:
            self.talk.forget(VERDICTS)

    def _blind(self, why: InfralabError) -> None:
        words = f"The checks cannot look any more: {why}. `repair` starts again what was stopped."
        self.talk.between("checks", lambda: self.talk.say(words))

    def _tell(self, verdicts: Sequence[Verdict]) -> None:
        for line in spoken(verdicts, self.seen, self.number):
            self.talk.say(line)
        self._remember(verdicts)

    def _remember(self, verdicts: Sequence[Verdict]) -> None:
        before = all(self.seen.get(v.task) is Outcome.PASS for v in verdicts)
        self.seen = {verdict.task: verdict.outcome for verdict in verdicts}
        if verdicts and all(v.passed for v in verdicts) and not before:
            self.talk.say("All tasks of this step are done. `next` goes on.")
