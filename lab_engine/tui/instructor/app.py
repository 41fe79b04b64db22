"""The application of an instructor: which screens there are, and how one leads to another."""

from __future__ import annotations

import asyncio
import getpass
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from lab_engine.grading.gradebook.saying import say
from lab_engine.grading.gradebook.standing import Standing
from lab_engine.grading.insight import told
from lab_engine.grading.insight.room import Room
from lab_engine.grading.submission.handed import Handed
from lab_engine.settings import Settings
from lab_engine.tui import looks
from lab_engine.tui.driver import Terminal, let_go
from lab_engine.tui.instructor.beside import beside
from lab_engine.tui.instructor.class_screen import ClassScreen
from lab_engine.tui.instructor.help_screen import HelpScreen
from lab_engine.tui.instructor.learner_screen import LearnerScreen
from lab_engine.tui.instructor.live_screen import LiveScreen
from lab_engine.tui.instructor.say_screen import Kind, SayScreen
from lab_engine.tui.instructor.task_screens import TaskScreen, TasksScreen


@dataclass(frozen=True, slots=True)
class View:
    """What is shown at first.

    Args:
        search: words that a row must have.
        only: a name of `rows.FILTERS`.
        sort: a name of `rows.SORTS`.
        backwards: the other way round.
        learner: opens this one.
        task: opens this one, over the class.
        tasks: opens the list of all of them.
        replay: opens the learner's recorded terminal.
        live: opens who is at work now.
    """

    search: str = ""
    only: str = "all"
    sort: str = "list"
    backwards: bool = False
    learner: str = ""
    task: str = ""
    tasks: bool = False
    replay: bool = False
    live: bool = False


class InstructorApp(App[int]):
    """A class in a terminal.

    Args:
        settings: where files are.
        room: the class and the assignment; None for a look at who is at work alone.
        view: what is shown at first.
        author: who writes comments; asked once when it is empty.
        engines: whose benches are looked at.
    """

    TITLE = "infralab instructor"
    COMMAND_PALETTE_BINDING = "f10"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", show=False),
        Binding("question_mark,f1", "help", "Keys", show=False),
    ]

    def __init__(
        self,
        settings: Settings,
        room: Room | None,
        view: View | None = None,
        *,
        author: str = "",
        engines: Sequence[str] = (),
    ) -> None:
        super().__init__(driver_class=Terminal)
        self.settings = settings
        self._room = room
        self.author = author
        self.engines = tuple(engines)
        self.view = view or View()
        self._at_once = self.view.replay
        first = (self.view.search, self.view.only, self.view.sort, self.view.backwards)
        self.class_screen = ClassScreen(room, self.show_learner, first) if room else None
        theme = looks.load(settings.data_dir).theme
        if theme in self.available_themes:
            self.theme = theme

    def get_default_screen(self) -> Screen[Any]:
        return self.class_screen or self._live()

    def _live(self) -> LiveScreen:
        return LiveScreen(self._room, self.engines, self.settings.data_dir)

    @property
    def room(self) -> Room:
        """There when a class is shown, and with it all screens but that of who is at work."""
        assert self._room is not None
        return self._room

    def on_mount(self) -> None:
        if threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGHUP):
                # The terminal is put right when its window is closed or `kill` is used.
                loop.add_signal_handler(number, self.exit, 128 + number)
        view = self.view
        if self._room is None:
            return
        if view.live:
            self.action_live()
        elif view.tasks:
            self.action_tasks()
        elif view.task:
            self.show_task(view.task)
        elif view.learner:
            self.show_learner(view.learner)

    # -- from one screen to another --------------------------------------------------------------

    def show_learner(self, learner: str, order: Sequence[str] = ()) -> None:
        """One learner, with those who come before and after them."""
        at_once, self._at_once = self._at_once, False
        self.push_screen(
            LearnerScreen(
                self.room, learner, order, say=self.say, replay=self.replay, at_once=at_once
            )
        )

    def show_task(self, key: str) -> None:
        """One task over the class."""
        self.push_screen(TaskScreen(self.room, key, self.show_learner))

    def action_tasks(self) -> None:
        """The tasks over the class."""
        self.push_screen(TasksScreen(self.room, self.show_task))

    def replay(self, part: Handed, name: str) -> None:
        """The recorded terminal of one lesson of a submission."""
        # It imports the emulator, which a look at the table has no use for.
        from lab_engine.tui.instructor.replay_screen import ReplayScreen

        self.push_screen(ReplayScreen(part, name))

    async def action_help(self) -> None:
        if not isinstance(self.screen, HelpScreen):
            await self.push_screen(HelpScreen())

    def say(self, kind: Kind, standing: Standing, written: Callable[[], None]) -> None:
        """Ask for a comment or an override, and write it. Who says so is asked once."""

        async def save(kind: Kind, text: str, points: float | None, author: str) -> None:
            await beside(
                say, self.room.classroom, self.room.assignment, standing.learner, kind, text,
                author=author, points=points,
            )  # fmt: skip
            self.author = author

        def done(wrote: bool | None) -> None:
            if wrote:
                self.notify("Noted.")
                written()
                if self.class_screen:
                    self.class_screen.action_again()

        name = standing.name or standing.learner
        asked = not self.author
        author = self.author or getpass.getuser()
        self.push_screen(
            SayScreen(kind, name, told.points(standing), author, ask=asked, save=save), done
        )

    def action_live(self) -> None:
        """Who is at work now."""
        self.push_screen(self._live())

    async def action_quit(self) -> None:
        self.exit(0)

    def let_go(self) -> None:
        """After `run`: see `driver.let_go`."""
        let_go(self._driver)
