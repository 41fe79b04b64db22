"""The application: which screen is shown, and the desk behind them all.

Little is imported here: the first frame comes first, then the engine is loaded in a thread. Longer
than most: each screen's messages end here, so that who opens and closes what is read in one place.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from lab_engine.errors import InfralabError, UsageError, unexpected
from lab_engine.session import which
from lab_engine.settings import Settings
from lab_engine.tui import looks
from lab_engine.tui.driver import Terminal, let_go
from lab_engine.tui.keymap import Keymap, shown
from lab_engine.tui.messages import BordersMoved, DeskChanged, LessonLikely, LessonWanted
from lab_engine.tui.screens.home import HomeScreen
from lab_engine.tui.terminal import typed

if TYPE_CHECKING:
    from lab_engine.course.lesson import Course, Lesson
    from lab_engine.session.record import Record, SessionRow
    from lab_engine.tui.desk import Desk
    from lab_engine.tui.overview import Overview
    from lab_engine.tui.phase import Change

log = logging.getLogger(__name__)

SAID_SECONDS = 30.0
"""So long a word about the learner's progress stays: it is long, and said once."""
FIRST_FRAME = 0.05
"""Seconds that the first frame has the machine for itself."""
LESSON_SCREEN = "lab_engine.tui.screens.lesson"
THEMES = (
    "textual-dark", "textual-light", "solarized-light", "catppuccin-latte", "nord", "gruvbox",
    "ansi-dark", "ansi-light",
)  # fmt: skip
"""Those that the menu goes through: dark and light ones, and two in the terminal's own colours."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to open at once.

    Args:
        lesson: its slug or number.
        step: a step of it, by name or number.
        session: the session to take up, or the first letters of its id.
        seed: for a new session, what names and numbers are drawn from.
        new: a new session, even where one is open.
        take_over: cut off another client that works in it.
    """

    lesson: str | None = None
    step: str | None = None
    session: str | None = None
    seed: str | None = None
    new: bool = False
    take_over: bool = False


class LearnApp(App[int]):
    """infralab in a terminal.

    Args:
        settings: how benches are made, and where files are.
        record: opens the learner's progress; called in a thread.
        wanted: what to open at once.
    """

    TITLE = "infralab"
    # The lesson's too: with a path of its own that screen would have all styles parsed anew when it
    # is first opened (`App._load_screen_css`).
    CSS_PATH: ClassVar[list[str | PurePath]] = ["screens/home.tcss", "screens/lesson.tcss"]
    COMMAND_PALETTE_BINDING = "f10"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "leave", "Quit", show=False),
        Binding("ctrl+p", "command_palette", "Menu", show=False),
        Binding("question_mark,f1", "help", "Keys", show=False),
    ]

    def __init__(
        self, settings: Settings, record: Callable[[], Record], wanted: Wanted | None = None
    ) -> None:
        typed.install()
        super().__init__(driver_class=Terminal)
        self.settings = settings
        self.overview: Overview | None = None
        self._open_record = record
        self._desk: Desk | None = None
        self._wanted = wanted
        self._home = HomeScreen()
        self._ending = False
        self._offered = False
        self.keymap = Keymap(settings.keys)
        self.set_keymap({f"lesson.{name}": key for name, key in self.keymap.given.items()})
        # Before the first frame, and before there is a loop that a slow disk could hold.
        self.looks = looks.load(settings.data_dir)
        if self.looks.theme in self.available_themes:
            self.theme = self.looks.theme

    @property
    def desk(self) -> Desk:
        """There once the course is."""
        assert self._desk is not None
        return self._desk

    def get_key_display(self, binding: Binding) -> str:
        own = bool(binding.id and binding.id.startswith("lesson."))
        return shown(binding.key) if own else super().get_key_display(binding)

    def get_default_screen(self) -> Screen[Any]:
        return self._home

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        # Here `common.tasks` tells of faults that nobody waits for.
        loop.set_exception_handler(self._broke)
        # Only there can Python take signals (loop.add_signal_handler raises ValueError elsewhere).
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._end, number)
        self.set_timer(FIRST_FRAME, lambda: self.run_worker(self._load(), group="load"))

    # -- the course ------------------------------------------------------------------------------

    async def _load(self) -> None:
        """Read the course and the progress, off the loop; then open what was asked for."""
        try:
            self._desk = await asyncio.to_thread(self._make_desk)
            for words in self._desk.record.said:
                self.notify(f"{words}.", severity="warning", timeout=SAID_SECONDS, markup=False)
            await self.reload()
            for row in self.overview.lost if self.overview else ():
                what, way = which.told_lost(row)
                self.notify(
                    way, title=f"Your {what}", severity="warning", timeout=SAID_SECONDS,
                    markup=False,
                )  # fmt: skip
            # It takes 0.15 s to import, in which no key would be seen.
            await asyncio.to_thread(import_module, LESSON_SCREEN)
            # What is loaded by now stays; looking through it for garbage took up to 70 ms at once.
            gc.freeze()
            wanted, self._wanted = self._wanted, None
            if wanted and (wanted.session or wanted.lesson):
                self._open_wanted(wanted)
        except InfralabError as error:
            self.report(error)

    def _make_desk(self) -> Desk:
        """In a thread: it imports the engine, and opens the learner's progress."""
        from lab_engine.tui import overview  # noqa: F401 -- loaded here for `reload`
        from lab_engine.tui.desk import Desk

        return Desk(self._open_record(), self.settings, self.keymap, self._told)

    async def reload(self) -> None:
        """Read the course, the first time, and the progress in it."""
        from lab_engine.tui import overview

        course = (
            self.overview.course if self.overview else await self.desk.aside(overview.load_course)
        )
        self.overview = await self.desk.aside(overview.read, course, self.desk.record)
        await self._home.show(self.overview)
        self.run_worker(self._ask_the_kernel(course), group="kernel", exclusive=True)

    async def _ask_the_kernel(self, course: Course) -> None:
        """Where a step needs a feature of the kernel, the course says whether it is there."""
        if not course.asking_the_kernel:
            return
        # Off the loop: it brings Docker's SDK along, and keys would wait for that.
        features = await asyncio.to_thread(import_module, "lab_engine.bench.features")
        try:
            self._home.tell_of(await asyncio.to_thread(features.look))
        except InfralabError as error:
            # Whoever opens the step is told.
            log.info("the engine's kernel was not asked: %s", error)

    def _open_wanted(self, wanted: Wanted) -> None:
        """Raises UsageError for what is not there."""
        assert self.overview is not None
        course = self.overview.course
        row: SessionRow | None = None
        name = wanted.lesson
        if wanted.session:
            row = which.named(self.desk.record, wanted.session)
            name = row.lesson
            if row in self.overview.lost:
                what, way = which.told_lost(row)
                raise UsageError(what, hint=way)
        if name is None:
            return
        lesson = course.lesson(name)
        step = lesson.step(wanted.step).name if wanted.step else None
        if wanted.new or wanted.seed:
            self.desk.open(lesson, step, seed=wanted.seed)
            self._show_lesson()
        else:
            self.take_up(lesson, step, row=row, steal=wanted.take_over)

    def take_up(
        self,
        lesson: Lesson,
        step: str | None = None,
        *,
        row: SessionRow | None = None,
        steal: bool = False,
        look_on: bool = False,
    ) -> None:
        """Open a lesson where it was left, or begin it."""
        desk = self.desk
        # What is open, or on its way, is only brought to the front: to open it again would close
        # its session first.
        at_hand = (
            desk.page.lesson is not None
            and desk.page.lesson.slug == lesson.slug
            and (desk.session is not None or desk.busy)
            and not (steal or look_on or row)
        )
        if not at_hand:
            if row is None and self.overview:
                row = self.overview.states[lesson.slug].session
            desk.open(lesson, step, row=row, steal=steal, look_on=look_on)
        elif step is not None and desk.page.step is not None and desk.page.step.name != step:
            desk.go(step)
        self._show_lesson()

    def _show_lesson(self) -> None:
        from lab_engine.tui.screens.lesson import LessonScreen

        if not isinstance(self.screen, LessonScreen):
            self.push_screen(LessonScreen(self.desk, self.looks.columns, self.looks.rows))

    @on(BordersMoved)
    def _borders_moved(self, event: BordersMoved) -> None:
        self.looks.columns, self.looks.rows = event.columns, event.rows
        self.keep_looks()

    @on(LessonLikely)
    def _lesson_likely(self, event: LessonLikely) -> None:
        self._likely(event.lesson)

    def _likely(self, lesson: Lesson) -> None:
        """Where it is to be begun anew, and nothing else has the machine, its bench may wait."""
        state = self.overview.states.get(lesson.slug) if self.overview else None
        if state is not None and state.session is None and not self.desk.busy:
            self.desk.waiting.want(lesson)

    @on(LessonWanted)
    def _lesson_wanted(self, event: LessonWanted) -> None:
        if event.anew:
            self.begin_anew(event.lesson)
        else:
            self.take_up(event.lesson, event.step, steal=event.steal, look_on=event.look_on)

    def begin_anew(self, lesson: Lesson) -> None:
        """A new session on a fresh bench; the old bench is removed, its progress stays."""
        from lab_engine.tui.screens.dialogs import Choice

        state = self.overview.states[lesson.slug] if self.overview else None
        if state is None or state.session is None:
            self.take_up(lesson)
            return
        row = state.session

        def chosen(answer: str | None) -> None:
            if answer == "anew":
                self.desk.open_anew(lesson, row)
                self._show_lesson()

        self.push_screen(
            Choice(
                f"Begin “{lesson.title}” anew?",
                "Its bench is removed with what you made in it. Your points stay.",
                {"stay": "Keep it", "anew": "Begin anew"},
            ),
            chosen,
        )

    # -- the desk --------------------------------------------------------------------------------

    def _told(self, change: Change) -> None:
        # All of them: a dialog may lie over the lesson.
        for screen in self.screen_stack:
            screen.post_message(DeskChanged(change))
        lesson = self.desk.page.lesson
        if change == "phase" and self.desk.work.ready and lesson and not self._offered:
            self._offered = True
            self.run_worker(self._offer_ahead(lesson), group="ahead")

    async def _offer_ahead(self, lesson: Lesson) -> None:
        """Ask once whether a later lesson's packs shall be built beside the learner's work."""
        ahead = await asyncio.to_thread(import_module, "lab_engine.packs.ahead")
        offer = await asyncio.to_thread(ahead.find, lesson, self.settings)
        if offer is None or self._ending:
            return
        await asyncio.to_thread(ahead.remember, offer, self.settings)
        from lab_engine.tui.screens.dialogs import Choice

        async def begin() -> None:
            try:
                path = await asyncio.to_thread(ahead.prepare, offer, self.settings)
            except OSError as error:
                self.notify(
                    f"{error}. The lesson asks again when you get there.",
                    title="It cannot be prepared",
                    severity="error",
                    markup=False,
                )
                return
            self.notify(f"Its log is {path}.", title="It is being built", markup=False)

        def chosen(answer: str | None) -> None:
            if answer == "prepare":
                self.run_worker(begin(), group="ahead")

        self.push_screen(
            Choice(
                f"A later lesson, {offer.words}.",
                "Prepare it now, while you work? Else its lesson asks again.",
                {"later": "Not now", "prepare": "Prepare it"},
            ),
            chosen,
        )

    def _broke(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A task of ours, or a callback, ended with a fault that nobody waits for."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self.report(unexpected(error))
        else:
            loop.default_exception_handler(context)

    def report(self, error: InfralabError) -> None:
        """An error that no screen shows."""
        self.notify(
            error.hint or "", title=error.message, severity="error", timeout=15, markup=False
        )

    # -- actions ---------------------------------------------------------------------------------

    async def action_home(self) -> None:
        """Back to the course. What goes on in the lesson goes on."""
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        self.run_worker(self.reload(), group="load", exclusive=True)

    async def action_lesson_end(self) -> None:
        """What became of the lesson that is open, and where to go from there."""
        from lab_engine.session.done import Done
        from lab_engine.tui.screens.lesson_end import LessonEnd

        page = self.desk.page
        if page.lesson is None:
            return
        lesson = page.lesson
        every = self.overview.course.lessons if self.overview else ()
        slugs = [one.slug for one in every]
        later = every[slugs.index(lesson.slug) + 1 :] if lesson.slug in slugs else ()
        following = next(iter(later), None)
        if following:
            self._likely(following)

        async def chosen(where: str | None) -> None:
            if where == "course":
                await self.run_action("home")
            elif where == "next" and following:
                self.take_up(following)
            elif where:
                self.desk.go(where)

        record = self.desk.record
        done = await self.desk.aside(lambda: Done(record).steps(lesson))
        self.push_screen(LessonEnd(lesson, page.states, done, following), chosen)

    async def action_help(self) -> None:
        from lab_engine.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            await self.push_screen(HelpScreen(self.keymap))

    async def action_doctor(self) -> None:
        from lab_engine.tui.screens.doctor import DoctorScreen

        await self.push_screen(DoctorScreen())

    def choose_theme(self, theme: str) -> None:
        """Draw with it from now on, and the next time."""
        self.theme = theme
        self.looks.theme = theme
        self.keep_looks()

    def keep_looks(self) -> None:
        kept = msgspec.structs.replace(self.looks)
        self.run_worker(
            partial(looks.store, self.settings.data_dir, kept), thread=True, group="looks"
        )

    async def action_leave(self) -> None:
        """Quit. The bench goes on, and the next start offers to take it up."""
        if self._desk is not None:
            if self.desk.busy:
                self.notify("Stopping, and undoing what was begun …", timeout=30)
            await self.desk.close()
        self.exit(0)

    def let_go(self) -> None:
        """After `run`: see `driver.let_go`."""
        let_go(self._driver)

    def _end(self, number: int) -> None:
        """Leave, with the terminal put right, when a window is closed or `kill` is used.

        The second time nothing is waited for.
        """
        if self._ending or self._desk is None:
            self.exit(128 + number)
            return
        self._ending = True
        self.run_worker(self._leave(128 + number), group="end")

    async def _leave(self, code: int) -> None:
        await self.desk.close()
        self.exit(code)

    def action_finish(self) -> None:
        """Remove the bench of the open lesson, once the learner has agreed."""
        from lab_engine.tui.screens.dialogs import Choice

        async def chosen(answer: str | None) -> None:
            if answer == "remove":
                self.notify("Removing the bench …")
                await self.desk.finish()
                await self.action_home()

        self.push_screen(
            Choice(
                "Remove the bench?",
                "What you made in it goes with it, your files too. Your points stay.",
                {"stay": "Keep it", "remove": "Remove it"},
            ),
            chosen,
        )

    async def action_quit(self) -> None:
        await self.action_leave()

    def get_system_commands(self, screen: Screen[Any]) -> Iterator[SystemCommand]:
        """What the menu lists: what can be done here, the lessons, and the application itself."""
        from lab_engine.tui.screens.lesson import LessonScreen

        if isinstance(screen, LessonScreen):
            from lab_engine.tui.menu import lesson_commands

            yield from lesson_commands(screen)
        for one in self.overview.course.lessons if self.overview else ():
            yield SystemCommand(
                f"Lesson {one.number} {one.title}", "open it", partial(self.take_up, one)
            )
        yield SystemCommand(
            "This machine (doctor)", "what is there, what is missing", self.action_doctor
        )
        yield SystemCommand("Keys and signs", "help", self.action_help)
        for theme in THEMES:
            yield SystemCommand(
                f"Theme {theme}",
                "the one now" if theme == self.theme else "draw with it",
                partial(self.choose_theme, theme),
            )
        if self.overview and self.desk.session is not None:
            yield SystemCommand(
                "Remove the bench", "ends the session; your progress stays", self.action_finish
            )
        yield SystemCommand(
            "Quit", "the bench goes on; the next start takes it up", self.action_leave
        )
