"""The learner's desk: the session, and every task of it that outlives a screen.

Screens listen and ask; nothing here knows of textual. A change is told by its name, and whoever is
told looks at the desk itself for what is now so.
"""

from __future__ import annotations

import asyncio
import importlib
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from lab_engine import doctor
from lab_engine.course.faults import verify
from lab_engine.course.lesson import Lesson, Step
from lab_engine.course.seed import Seed
from lab_engine.course.text.question import Graded
from lab_engine.errors import AgentLost, BenchError, InfralabError, PacksMissing, WouldTake
from lab_engine.session import whereabouts
from lab_engine.session.check import evidence_at_start
from lab_engine.session.record import Record, SessionRow
from lab_engine.settings import Settings
from lab_engine.tui.comeback import TOLD, Comeback
from lab_engine.tui.keymap import Keymap
from lab_engine.tui.page import Page
from lab_engine.tui.phase import Change, Phase
from lab_engine.tui.upkeep import Upkeep
from lab_engine.tui.waiting import Waiting
from lab_engine.tui.work import Work

if TYPE_CHECKING:
    from lab_engine.session.session import Session
    from lab_engine.tui.demonstration import Demonstration, Keyboard

T = TypeVar("T")


class Desk:
    """Use from one event loop.

    Args:
        record: the learner's progress.
        settings: how benches are made.
        keymap: the keys that the learner wants, for the screens to say.
        tell: called on the loop with the name of what changed.
    """

    def __init__(
        self,
        record: Record,
        settings: Settings,
        keymap: Keymap,
        tell: Callable[[Change], None] = lambda _: None,
    ) -> None:
        self.tell = tell
        self.page = Page()
        self.work = Work(tell, before=self._look_away, after=self._look)
        self.record = record
        self.settings = settings
        self.keymap = keymap
        self.session: Session | None = None
        self.lost: tuple[str, ...] = ()
        self.asked: WouldTake | None = None
        """What going to the step `going` would take away: the learner's word is waited for."""
        self.going = ""
        self.given: tuple[str, ...] = ()
        """Steps that were done for the learner on the way to this one."""
        self.looking_on = False
        """Whether another client works in the session and this one only looks on."""
        self.demonstration: Demonstration | None = None
        """The solution that is typed, or was typed last in this step."""
        self.waiting = Waiting(record, settings)
        self._upkeep: Upkeep | None = None
        self._comeback = Comeback(
            self.work, lambda: self._session().bench_status(), lambda: self._repair((TOLD,))
        )
        # One thread: calls to the record come one after the other, in their order.
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="desk")

    async def aside(self, call: Callable[..., T], *args: Any) -> T:
        """A blocking call, such as one to the record, off the loop; one at a time."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *args)

    # -- what the learner asks for ---------------------------------------------------------------

    def open(
        self,
        lesson: Lesson,
        step: str | None = None,
        *,
        row: SessionRow | None = None,
        seed: str | None = None,
        steal: bool = False,
        look_on: bool = False,
    ) -> None:
        """Begin a lesson, from `seed` if given. With `row` that session is taken up."""
        self.work.begin(
            lambda: self._open(lesson, step, row, seed=seed, steal=steal, look_on=look_on)
        )

    def open_anew(self, lesson: Lesson, old: SessionRow) -> None:
        """Remove the bench of a session, and begin the lesson on a fresh one."""
        self.work.begin(lambda: self._open_anew(lesson, old))

    def go(self, name: str, *, agreed: bool = False) -> None:
        """Make another step of the lesson ready, from its start.

        When that takes away work of the learner's, `asked` says what, and nothing is done until
        they have `agreed`.
        """
        self.work.begin(lambda: self._enter(name, agreed=agreed))

    def stay(self) -> None:
        """The learner did not agree: back to the step that the bench is in."""
        self.asked = None
        self.work.begin(self._stay)

    def reset(self) -> None:
        """The step as it was at its start."""
        self.work.begin(self._reset)

    def repair(self) -> None:
        """Start again what was stopped in the bench."""
        self.work.begin(self._repair)

    def solve(self, name: str, keyboard: Keyboard) -> None:
        """Have a solution typed for the learner to look at: it counts as given."""
        from lab_engine.tui.demonstration import Demonstration

        self.demonstration = Demonstration(
            self._session(), name, keyboard, lambda: self.tell("typing")
        )

    def cancel(self) -> None:
        """Stop what goes on: what it began is undone, but what was typed stays."""
        if self.demonstration and self.demonstration.running:
            self.demonstration.stop()
        else:
            self.work.stop()

    def check(self) -> None:
        """Look at once, whether something happened or not."""
        if self._upkeep:
            self._upkeep.check()

    @property
    def busy(self) -> bool:
        return self.work.busy or self.typing

    @property
    def ready(self) -> bool:
        return self.work.ready

    @property
    def typing(self) -> bool:
        """Whether a solution is being typed."""
        return self.demonstration is not None and self.demonstration.running

    def _look(self) -> None:
        """From now on, events wake the checks and the picture."""
        session, step = self.session, self.page.step
        if session is None or step is None or step.lab_step is None:
            return
        self._upkeep = Upkeep(
            self.page,
            session,
            looking_on=self.looking_on,
            read_states=lambda: self.aside(self.record.tasks, session.id),
            tell=self.tell,
            fail=self.work.fail if self.looking_on else self._comeback.lose,
        )

    async def _look_away(self) -> None:
        shown, self.demonstration = self.demonstration, None
        if shown:
            await shown.close()
        upkeep, self._upkeep = self._upkeep, None
        if upkeep:
            await upkeep.end()

    # -- the work --------------------------------------------------------------------------------

    async def _open(
        self,
        lesson: Lesson,
        step: str | None = None,
        row: SessionRow | None = None,
        *,
        seed: str | None = None,
        steal: bool = False,
        look_on: bool = False,
        build: bool = False,
    ) -> None:
        await self._leave()
        self.work.enter(Phase.OPENING, "Opening the lesson")
        seed = row.seed if row else seed or self.waiting.seed(lesson) or secrets.token_hex(8)
        await self.aside(verify, lesson, Seed(seed))
        self.page.lesson, self.looking_on = lesson, look_on
        self.lost = self.given = ()
        self.page.variables = await self.aside(lesson.variables, Seed(seed))
        # Read here, off the loop, and kept by the lesson: from now on it may be looked at anywhere.
        steps = await self.aside(lambda: lesson.steps)
        left = ""
        if row and not step:
            left = await self.aside(whereabouts.left_at, self.record, row.id, row.step, lesson)
        wanted = lesson.step(step or left or steps[0].name)
        await self._show(wanted, row.id if row else "")
        self.page.introduction = await self.aside(lesson.introduction, self.page.variables)
        self.tell("step")
        self.work.enter(
            Phase.OPENING, "Starting the bench" if row is None else "Opening your bench"
        )
        # Off the loop: it brings Docker's SDK along, and keys would wait for that.
        module = await self.aside(importlib.import_module, "lab_engine.session.session")
        kind: type[Session] = module.Session
        if row is not None:
            self.waiting.drop()
        else:
            self.session = await self.waiting.take(lesson, seed)
        if self.session is not None:
            self.page.at_start = {v.task: v.evidence for v in self.session.start_verdicts}
        elif row is None:
            try:
                self.session = await kind.begin(
                    lesson,
                    self.record,
                    self.settings,
                    seed=seed,
                    step=wanted.name,
                    build=build,
                    progress=self.work.hear_of_the_build(),
                )
            except PacksMissing as asked:
                looks = await self.aside(doctor.lacking, asked.names)
                asked.lacks = tuple(f"{one.name} {one.found}: {one.mend}" for one in looks)
                # Trying again is the learner's agreement.
                self.work.then(lambda: self._open(lesson, step, seed=seed, build=True))
                raise
        else:
            self.session = await kind.resume(
                lesson,
                row,
                self.record,
                self.settings,
                look_on=look_on,
                steal=steal,
                on_notice=self.work.notice,
                progress=self.work.hear_of_the_build(),
            )
            self.lost = self.session.news
        # From here on, a retry has a session to work in.
        self.work.then(lambda: self._go_on(wanted.name))
        at_hand = self.session.step_name == wanted.name
        if not at_hand and not look_on:
            await self._enter(wanted.name)
        elif row is not None and wanted.lab_step is not None:
            readings = await self.aside(self.record.start_readings, self.session.id, wanted.name)
            self.page.at_start = await evidence_at_start(
                wanted.lab_step, self.page.variables, readings or {}
            )

    async def _open_anew(self, lesson: Lesson, old: SessionRow) -> None:
        await self._leave()
        self.work.enter(Phase.OPENING, "Removing the old bench")
        container = await self.aside(importlib.import_module, "lab_engine.bench.container")
        bench = await self.aside(container.Bench.find, old.id)
        if bench is not None:
            await self.aside(bench.remove)
        await self.aside(self.record.end, old.id)
        self.work.then(lambda: self._open(lesson))
        await self._open(lesson)

    async def _show(self, step: Step, session: str) -> None:
        """The text of a step, with what is known of it."""
        assert self.page.variables is not None
        document = await self.aside(step.document, self.page.variables)
        # The first look imports the lab. Screens look at it on the loop, where it must be there by
        # now.
        await self.aside(lambda: step.lab_step)
        self.page.turn_to(step, document)
        if session:
            await self.aside(self.page.recall, self.record, session)
        self.tell("step")

    async def _enter(self, name: str, *, agreed: bool = False) -> None:
        session = self._session()
        step = session.lesson.step(name)
        if step.lab_step is not None and not agreed:
            self.asked = await session.at_stake(step.name)
            if self.asked:
                self.going = step.name
                self.tell("asked")
                return
        if step is not self.page.step or self.page.verdicts:
            await self._show(step, session.id)
        self.given = ()
        if step.lab_step is None:
            return
        self.work.enter(Phase.PREPARING, "Making the step ready")
        self.given = tuple(await session.enter(step.name, agreed=True, on_notice=self.work.notice))
        if session.put_away:
            self.lost = (f"Your files of the step before are in {session.put_away}.",)
        self.page.at_start = {v.task: v.evidence for v in session.start_verdicts}
        if self.given:
            self.tell("given")

    async def _stay(self) -> None:
        session = self._session()
        step = session.lesson.step(session.step_name)
        if step is not self.page.step:
            await self._show(step, session.id)
        if step.lab_step is not None and self.page.variables is not None:
            readings = await self.aside(self.record.start_readings, session.id, step.name)
            self.page.at_start = await evidence_at_start(
                step.lab_step, self.page.variables, readings or {}
            )

    async def _go_on(self, name: str) -> None:
        """After a failure: a step that had begun is brought back, and not begun anew."""
        if self._session().step_name == name:
            await self._repair()
            return
        try:
            await self._enter(name)
        # There is nothing to make a step in. `_repair` has the bench back, and goes on to this
        # step.
        except (AgentLost, BenchError):
            await self._repair()

    async def _reset(self) -> None:
        session = self._session()
        self.work.enter(Phase.PREPARING, "Bringing the step back to its start")
        await session.reset(on_notice=self.work.notice)

    async def _repair(self, told: tuple[str, ...] = ()) -> None:
        session = self._session()
        self.work.enter(Phase.PREPARING, "Starting again what was stopped")
        await session.repair(on_notice=self.work.notice, progress=self.work.hear_of_the_build())
        self.lost = (*told, *session.news)
        step = self.page.step
        if step is not None and session.step_name != step.name:
            # It was stopped on the way to this one, perhaps before it came to any.
            await self._enter(step.name)

    def _session(self) -> Session:
        if self.session is None:
            raise InfralabError("no lesson is open", hint="Choose one from the course.")
        return self.session

    # -- hints, answers, shells ------------------------------------------------------------------

    async def take_hint(self, task: str) -> None:
        """One more hint of a task; nothing when there is no more.

        Raises UsageError when the session's mode does not allow it.
        """
        session = self._session()
        assert self.page.document is not None
        block = next(b for b in self.page.document.tasks if b.id == task)
        taken = self.page.hints.get(task, 0)
        if taken == len(block.hints):
            return
        if not self.looking_on:
            await session.take_hint(task, taken + 1)
        self.page.hints[task] = taken + 1
        self.tell("hints")

    async def answer(self, name: str, text: str) -> Graded:
        """Grade and record an answer. An answer that needs the bench may raise InfralabError."""
        assert self.page.document is not None
        assert self.page.step is not None
        block = next(b for b in self.page.document.questions if b.question.id == name)
        question = block.question
        found: Sequence[str] = ()
        try:
            if question.answer_from:
                found = await self._session().found(question.answer_from)
        except InfralabError as error:
            graded = Graded(False, f"{error} {error.hint}".strip())
        else:
            graded = question.grade(text, found)
            self.page.answers[name] = graded.correct
            if self.session and not self.looking_on:
                record, session, step = self.record, self.session.id, self.page.step.name
                await self.aside(
                    lambda: record.answer(session, step, name, text, correct=graded.correct)
                )
        self.page.graded[name] = graded
        self.tell("answers")
        return graded

    def shell(self, target: str = "bench", *, alone: bool = True) -> list[str]:
        """The command line of a shell that outlives this program: tmux in the bench."""
        from lab_engine.tui.shells import lasting

        return lasting(self._session().bench, target, alone=alone)

    async def _leave(self) -> None:
        await self._look_away()
        session, self.session = self.session, None
        if session:
            await session.close()

    async def close(self) -> None:
        """Leave the bench as it is; the next start takes it up again."""
        # First, since what goes on uses the session.
        await self.work.close()
        await self._leave()
        await self.waiting.close()
        self._threads.shutdown(wait=False)

    async def finish(self) -> None:
        """Remove the bench. The progress stays."""
        await self._look_away()
        session, self.session = self.session, None
        if session:
            await session.down()
        self.page = Page()
        self.work.enter(Phase.EMPTY)
