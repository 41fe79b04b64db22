"""The flow of a lesson at the client, from end to end. Start reading here.

    load -> plan -> provision -> the learner works -> check -> record -> next step, or teardown

A Session is one learner in one lesson on one bench. It owns every task that outlives a screen:
screens only listen. Longer than most, so that the flow is read in one place: what its stations do
is in the modules that it imports from this folder.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Any

from lab_engine import protocol as p
from lab_engine.bench.connection import Connection, OnNotice
from lab_engine.bench.container import Bench
from lab_engine.bench.shell import shell_argv
from lab_engine.common.evidence import Unmet
from lab_engine.common.plan import Plan
from lab_engine.common.probe import Probe
from lab_engine.course.faults import verify
from lab_engine.course.lab import LabStep, Variables
from lab_engine.course.lesson import Lesson
from lab_engine.course.seed import Seed
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import DaemonDown, UsageError, WouldTake
from lab_engine.packs import image as images
from lab_engine.session import own_kernel, points
from lab_engine.session.attachment import Attachment
from lab_engine.session.check import Ask, Inquiry, Readings, read_start, run_checks
from lab_engine.session.mended import due, sentences
from lab_engine.session.opening import alone
from lab_engine.session.provisioning import PRISTINE, STEP, Provisioning, put_away
from lab_engine.session.record import Record, SessionRow
from lab_engine.session.script import SCRIPT_LIMIT, Ran, run_script
from lab_engine.session.solving import Solving
from lab_engine.settings import Settings

TOOLS = ("proof", "replay")
"""Modes of sessions in which nobody works: nothing in their benches is anybody's."""


def new_session_id() -> str:
    """Eight lower-case letters and digits: short enough for interface names."""
    return secrets.token_hex(4)


def _alone(record: Record, settings: Settings, session: str) -> AbstractContextManager[None]:
    """Nobody else opens the session meanwhile; one of a record in memory nobody else knows."""
    return alone(settings.data_dir, f"session {session}") if record.kept else nullcontext()


class Session:
    """Make one with `Session.begin` or `Session.resume`; use it from one event loop."""

    def __init__(self, lesson: Lesson, row: SessionRow, record: Record, settings: Settings) -> None:
        self.lesson = lesson
        self.id = row.id
        self.seed = Seed(row.seed)
        self.mode = row.mode
        self.variables: Variables = lesson.variables(self.seed)
        self.step_name = row.step
        self.record = record
        self.settings = settings
        self.news: tuple[str, ...] = ()
        """What a fault took since last time, and what came back: sentences for the learner."""
        self.put_away = ""
        """Where the last change of step has put the learner's files of the one before."""
        self.start_verdicts: list[Verdict] = []
        """How the checks came out when the step began."""
        self.on_event: OnNotice = lambda _: None
        self.starts_through: Callable[[], AbstractAsyncContextManager[Ask]] | None = None
        """Who is asked how a step begins, where that is not the bench's agent: at grading."""
        self._arriving = row.arriving
        self._start: Readings | None = None
        self._changing = asyncio.Lock()
        self.solving = Solving(self, self._changing)
        self._attached = Attachment(
            row.id, row.mode, lesson.packs, settings, lambda notice: self.on_event(notice)
        )
        self._provisioning = Provisioning(self._attached)

    # -- opening and closing ---------------------------------------------------------------------

    @classmethod
    async def begin(
        cls,
        lesson: Lesson,
        record: Record,
        settings: Settings,
        *,
        seed: str | None = None,
        mode: str = "practice",
        session: str | None = None,
        step: str = "",
        build: bool = True,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Session:
        """A new session with a bench of its own.

        `step` is the one that is entered first, if that is known: where its kernel lacks what that
        needs, KernelLacks is raised, and there is no session.
        Without `build` packs that are not there are not built: PacksMissing is raised, and there is
        no session.
        `progress` is told what takes long when the bench image must be built first. Raises
        ContentError for a lesson that is not whole, BenchError, ImageError, AgentError.
        """
        absent = None if build else await asyncio.to_thread(images.missing, lesson.packs)
        if absent is not None:
            raise absent
        identity = session or new_session_id()
        with _alone(record, settings, identity):
            return await cls._begin(lesson, record, settings, identity, seed, mode, step, progress)

    @classmethod
    async def _begin(
        cls,
        lesson: Lesson,
        record: Record,
        settings: Settings,
        identity: str,
        seed: str | None,
        mode: str,
        step: str,
        progress: Callable[[str], None],
    ) -> Session:
        drawn = seed or secrets.token_hex(8)
        # Before there is a bench: making one takes long, and a lesson that is not whole has no use
        # for it.
        await asyncio.to_thread(verify, lesson, Seed(drawn))
        # The record before the bench: `gc` keeps one that no record knows, also a half-made one.
        await asyncio.to_thread(record.begin, identity, lesson.slug, drawn, mode)
        row = record.session(identity)
        assert row is not None
        self = cls(lesson, row, record, settings)
        try:
            await self._attached.make(progress)
            if step:
                # Not earlier: what is asked is asked in the bench's image.
                await asyncio.to_thread(own_kernel.refuse, lesson, step)
            await self._attached.connect()
            await self._provisioning.pristine()
        except BaseException:
            # Shielded: a second, impatient Ctrl-C must not leave a bench behind.
            await asyncio.shield(self.down())
            raise
        return self

    async def claim(self, mode: str = "practice") -> None:
        """A learner takes the session, which was made ready before anybody asked for it."""
        await asyncio.to_thread(self.record.claim, self.id, mode)
        # A bench that is lost later is made anew, and waits for nobody.
        self.mode = self._attached.mode = mode

    @classmethod
    async def resume(
        cls,
        lesson: Lesson,
        row: SessionRow,
        record: Record,
        settings: Settings,
        *,
        look_on: bool = False,
        steal: bool = False,
        on_notice: OnNotice = lambda _: None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Session:
        """Take up a session where it was; `news` says what a fault took since, and what came back.

        A bench that was stopped is started, one that is gone is made anew. What a fault took is
        had again where that can be; what is there stays as it is. With `look_on` nothing in the
        bench is changed, not even a stopped one started. `progress` is as for `begin`. Raises
        LeaseTaken when another client works in it and neither `look_on` nor `steal` is set,
        BenchError when there is nothing to look at.
        """
        self = cls(lesson, row, record, settings)
        self._attached.looking_on = look_on
        try:
            if look_on:
                await self._look_on()
            else:
                with _alone(record, settings, row.id):
                    await self._take_up(steal, on_notice, progress)
        except BaseException:
            # A refused client leaves no relay and no threads.
            await asyncio.shield(self.close())
            raise
        return self

    async def _look_on(self) -> None:
        self._start = self._recorded_start()
        await self._attached.find_running()
        await self._attached.connect()
        self.news = (*due(self._attached.welcome.recovery), *self._step_gone())

    async def _take_up(
        self, steal: bool, on_notice: OnNotice, progress: Callable[[str], None]
    ) -> None:
        self._start = self._recorded_start()
        await self._attached.have(progress)
        await self._attached.connect(steal=steal)
        if [moment.what for moment in self.record.moments(self.id)][-1:] == ["type"]:
            # A client went while it typed a solution: what comes now is the learner's own.
            await asyncio.to_thread(self.record.moment, self.id, "typed", self.step_name)
        await self._mend(on_notice)

    def _recorded_start(self) -> Readings | None:
        return self.record.start_readings(self.id, self.step_name) if self.step_name else None

    async def _mend(self, on_notice: OnNotice) -> None:
        """Have again what a fault took. Changes nothing else."""
        baselines = self._attached.welcome.baselines
        if PRISTINE not in baselines:
            # A client was killed before it came to this; nothing was made in the bench before.
            await self._provisioning.pristine()
        if self._arriving in (step.name for step in self.lesson.steps):
            await self._arrive(on_notice)
            return
        if not self.step_name:
            return
        if gone := self._step_gone():
            step = LabStep(self.step_name, (), lambda _: (), lambda _: (), None)
        else:
            step = self.lab_step()
        if STEP not in baselines and not gone:
            self.news = (f"The change to step {step.name} was not finished; it begins again.",)
            await self.enter(step.name, agreed=True, on_notice=on_notice)
            return
        report = await self._back(step, on_notice)
        self.news = (*sentences(report), *gone)

    async def _arrive(self, on_notice: OnNotice) -> None:
        """Finish a change of step that had made all and not yet noted it: nothing goes for it."""
        step = self.lab_step(self._arriving)
        report = await self._back(step, on_notice)
        async with self._changing:
            await self._build(step, on_notice)
        said = f"The change to step {step.name} was not finished. It is now."
        self.news = (*sentences(report), said)

    async def _back(self, step: LabStep, on_notice: OnNotice) -> p.MendReport:
        """Have again what a fault took of the learner's and the step's."""
        return await self._attached.ask(
            p.Mend,
            p.MendReport,
            daemons=step.daemons,
            resources=self._resources(step),
            on_notice=on_notice,
        )

    def _step_gone(self) -> tuple[str, ...]:
        """What to say when the course was updated and has the session's step no more."""
        names = [step.name for step in self.lesson.steps]
        if not self.step_name or self.step_name in names:
            return ()
        return (
            f"The lesson was updated and has no step {self.step_name} any more. What you made is "
            f"still in the bench. It has: {', '.join(names)}; "
            f"`infralab up {self.lesson.slug} STEP` goes to one.",
        )

    @property
    def bench(self) -> Bench:
        """Raises BenchError when the session has none."""
        return self._attached.bench

    @property
    def connection(self) -> Connection:
        """Raises BenchError when there is none."""
        return self._attached.connection

    async def close(self) -> None:
        """Leave: the bench goes on, and `resume` takes it up again."""
        await self._attached.close()

    async def down(self) -> None:
        """End: remove the bench with all that is in it. The record stays."""
        await self._attached.remove()
        # Last: while its bench is there the session stays open, and can be ended again.
        await asyncio.to_thread(self.record.end, self.id)

    async def bench_status(self) -> str:
        """Docker's word for how the bench is, or `gone`. Raises DockerUnavailable."""
        return await self._attached.status()

    async def reconnect(self) -> None:
        """After AgentLost: connect again to the agent, which restarts by itself.

        Raises LeaseTaken when another client has taken the session over, which is not taken back,
        and BenchError when the bench does not run: `repair` brings it back.
        """
        if self._attached.taken:
            raise self._attached.taken
        await self._attached.find_running()
        await self._attached.connect()

    # -- a step ----------------------------------------------------------------------------------

    def lab_step(self, name: str | None = None) -> LabStep:
        """The lab half of a step; one without tasks that asks for nothing has an empty one.

        Raises UsageError for a step that the lesson does not have, and when it is in none yet.
        """
        wanted = name or self.step_name
        if not wanted:
            # A client was killed before it made the first one.
            raise UsageError(
                "the session is in no step yet",
                hint=f"`infralab up {self.lesson.slug}` makes its first step ready.",
            )
        step = self.lesson.lab.steps.get(wanted)
        if step is None:
            text = self.lesson.step(wanted)
            step = LabStep(text.name, (), lambda _: (), lambda _: (), None)
        return step

    async def plan(self, name: str | None = None) -> Plan:
        """What provisioning the step would do now, each action with its reason."""
        step = self.lab_step(name)
        return await self._attached.ask(p.ShowPlan, Plan, resources=self._resources(step))

    def _resources(self, step: LabStep) -> tuple[Any, ...]:
        return tuple(step.resources(self.variables))

    async def enter(
        self, name: str, *, agreed: bool = False, on_notice: OnNotice = lambda _: None
    ) -> list[str]:
        """Make the step ready for the learner.

        Files stay: those of the work folder are put away, and `put_away` says where. When anything
        else of the learner's would go, they must have `agreed`; else it raises WouldTake and has
        changed nothing. Tools that own their bench are not asked, and keep nothing.

        A step that continues an earlier one keeps the learner's own state if that step was just
        worked on; otherwise its solution is run, and returned as given. Any other step begins on a
        clean bench. Can be cancelled: what was begun is then undone. Returns the steps that were
        made ready by their solutions. Raises KernelLacks, and has changed nothing, where the
        bench's kernel has not what the step needs.
        """
        step = self.lab_step(name)
        await asyncio.to_thread(own_kernel.refuse, self.lesson, step.name)
        given: list[str] = []
        self.put_away = ""
        async with self._changing:
            if not agreed and (asked := await self.at_stake(name)):
                raise asked
            if step.continues is None:
                await self._clean(step, on_notice)
            elif self.step_name != step.continues or not self._passed(step.continues):
                given = await self._make_ready(step.continues, on_notice)
            await self._build(step, on_notice)
        return given

    def _takes_away(self, step: LabStep) -> bool:
        """Whether entering the step begins on a clean bench that somebody has worked in."""
        if self.mode in TOOLS or not self.step_name:
            return False
        return step.continues is None or (
            self.step_name != step.continues or not self._passed(step.continues)
        )

    async def at_stake(self, name: str) -> WouldTake | None:
        """What entering a step would take away besides files; None when that is nothing."""
        if not self._takes_away(self.lab_step(name)):
            return None
        files = f"Your files stay; those of ~/work are put into ~/{put_away(self.step_name)}."
        try:
            await self._provisioning.start(self._daemons_of(self.step_name))
        except DaemonDown as error:
            return WouldTake((f"what {error.daemon} keeps, which does not start",), (), files)
        found = await self._attached.ask(p.AtStake, p.Difference)
        programs = sum(key.startswith("process/") for key in found.added)
        made = [key for key in found.added if not key.startswith("process/")]
        if programs:
            made.append(f"{programs} running program{'s' if programs > 1 else ''}")
        if not made and not found.changed:
            return None
        return WouldTake(tuple(made), found.changed, files)

    def _passed(self, name: str) -> bool:
        done = {t.task for t in self.record.tasks(self.id) if t.step == name and t.passed}
        return {check.task for check in self.lab_step(name).checks} <= done

    async def _make_ready(self, name: str, on_notice: OnNotice) -> list[str]:
        earlier = self.lab_step(name)
        if not earlier.solutions:
            # A course for assessment has none.
            raise UsageError(
                f"the step goes on from step {name}, which you have not done",
                hint=f"Do it first: `infralab up {self.lesson.slug} {name}`.",
            )
        given: list[str] = []
        if earlier.continues is None:
            await self._clean(earlier, on_notice)
        else:
            given = await self._make_ready(earlier.continues, on_notice)
        await self._build(earlier, on_notice, quiet=True)
        with self.solving.given():
            await self.solving.run(earlier, earlier.solutions[0])
            await self.check()
        return [*given, name]

    async def _clean(self, step: LabStep, on_notice: OnNotice) -> None:
        # To undo what the last step made, its daemons must run, too.
        daemons = {*step.daemons, *self._daemons_of(self.step_name)}
        leaving = "" if self.mode in TOOLS else self.step_name
        kept = await self._provisioning.clean(sorted(daemons), leaving, on_notice)
        self.put_away = kept or self.put_away

    def _daemons_of(self, name: str) -> tuple[str, ...]:
        return self.lesson.lab.steps[name].daemons if name in self.lesson.lab.steps else ()

    async def _build(self, step: LabStep, on_notice: OnNotice, *, quiet: bool = False) -> None:
        await self._provisioning.build(step.daemons, self._resources(step), on_notice)
        # Two things are to say that the bench is in this step now, its baseline and the record. The
        # intent goes before both: whoever finds it finishes what a killed client had begun.
        await asyncio.to_thread(self.record.arrive, self.id, step.name)
        self._arriving = step.name
        # Now, when all is there and nobody has worked yet: `reset` comes back to this.
        await self._provisioning.baseline()
        start, verdicts = await self._read_start(step)
        await asyncio.to_thread(self.record.enter, self.id, step.name, start)
        # Only now: nobody must believe to be in a step that the record does not know.
        self.step_name, self._start, self.start_verdicts = step.name, start, verdicts
        self._arriving = ""
        if not quiet:
            await asyncio.to_thread(self.record.moment, self.id, "enter", step.name)

    async def reset(self, *, on_notice: OnNotice = lambda _: None) -> p.Difference:
        """The step as it was at its start. Returns what could not be brought back (often nothing).

        Undoes only what changed, which is quick; when that does not bring everything back, the
        step is built again from a clean bench.
        """
        step = self.lab_step()
        async with self._changing:
            left = await self._provisioning.undo(step.daemons, self._resources(step), on_notice)
            if left.none:
                # What was made anew has other ids: what checks compare with is read again.
                self._start, self.start_verdicts = await self._read_start(step)
                await asyncio.to_thread(self.record.enter, self.id, step.name, self._start)
        await asyncio.to_thread(self.record.moment, self.id, "reset", step.name)
        if not left.none:
            await self.enter(step.name, agreed=True, on_notice=on_notice)
        return left

    async def _read_start(self, step: LabStep) -> tuple[Readings, list[Verdict]]:
        if self.starts_through is None:
            return await read_start(step, self.variables, self.ask)
        async with self.starts_through() as ask:
            return await read_start(step, self.variables, ask)

    async def compare(self) -> p.Difference:
        """What is different in the bench from the step's start."""
        return await self._attached.ask(p.Compare, p.Difference, name=STEP)

    async def repair(
        self,
        *,
        on_notice: OnNotice = lambda _: None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Bring back what stopped: the bench, the agent, the daemons, and what ran in them.

        Removes nothing; `news` says what came back and what is lost. Raises LeaseTaken when
        another client works here.
        """
        if self._attached.taken:
            raise self._attached.taken
        async with self._changing:
            await self._attached.disconnect()
            await self._attached.have(progress)
            await self._attached.connect()
        await self._mend(on_notice)

    # -- checking --------------------------------------------------------------------------------

    async def ask(self, probes: Sequence[Probe[Any]]) -> list[p.Answer]:
        """Answers to typed questions about the bench, in their order."""
        return await self._attached.ask(p.Ask, list[p.Answer], probes=tuple(probes))

    async def check(
        self, tasks: Sequence[str] | None = None
    ) -> tuple[list[Verdict], dict[str, Inquiry]]:
        """Run the step's checks at one moment and record their verdicts."""
        verdicts, inquiries = await self.verdicts(tasks)
        await self.keep([v for v in verdicts if v.outcome is not Outcome.WAITING])
        return verdicts, inquiries

    async def verdicts(
        self, tasks: Sequence[str] | None = None, *, ask: Ask | None = None
    ) -> tuple[list[Verdict], dict[str, Inquiry]]:
        """Run the step's checks without recording anything; `ask` instead of the bench's agent."""
        ask = ask or self.ask
        return await run_checks(self.lab_step(), self.variables, ask, self._start, tasks=tasks)

    async def found(self, name: str) -> Sequence[str]:
        """The accepted answers to a question with `answer_from=<name>`, read from the bench.

        Raises UsageError when what the question is about is not there yet.
        """
        read = self.lab_step().answers[name]
        try:
            return await read(Inquiry(self.ask, self._start), self.variables)
        except Unmet as unmet:
            raise UsageError(
                f"the question cannot be answered yet: {unmet.evidence.observed}",
                hint=f"First: {unmet.evidence.expected}",
            ) from None

    def saw_change(self, inquiry: Inquiry) -> bool:
        """Whether a check saw anything else than at the step's start."""
        before = self._start or {}
        return any(before.get(key) != reading for key, reading in inquiry.readings.items())

    async def take_hint(self, task: str, number: int) -> None:
        """Record that hint `number` (from 1) of a task is shown; taking one twice costs once.

        Raises UsageError when the session's mode does not allow it.
        """
        allowed = points.hints_allowed(self.mode)
        if allowed is not None and number > allowed:
            raise UsageError(
                f"an assessed session shows {allowed} hint for each task",
                hint="Go on without it, or come back to the task later.",
            )
        await asyncio.to_thread(self.record.hint, self.id, self.step_name, task, number)

    async def keep(self, verdicts: list[Verdict]) -> None:
        """Record verdicts: earned by the learner's work, or given while a solution works."""
        given = self.solving.giving
        await asyncio.to_thread(
            lambda: self.record.verdicts(self.id, self.step_name, verdicts, given=given)
        )

    async def listen(self, topics: tuple[str, ...]) -> None:
        """Have `on_event` called for events of these topics from now on."""
        await self._attached.ask(p.Listen, type(None), topics=topics)

    # -- working in the bench --------------------------------------------------------------------

    async def script(
        self, commands: Sequence[str], *, strict: bool = True, limit: float = SCRIPT_LIMIT
    ) -> Ran:
        """See `lab_engine.session.script.run_script`."""
        return await run_script(self.bench, commands, strict=strict, limit=limit)

    def shell_argv(self, target: str = "bench", *, tty: bool = True) -> list[str]:
        """See `lab_engine.bench.shell.shell_argv`."""
        return shell_argv(self.bench, target, tty=tty)
