"""The pane with the shells, one a tab."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import count
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import ContentSwitcher, Tab, Tabs

from lab_engine.errors import InfralabError
from lab_engine.tui.desk import Desk
from lab_engine.tui.panes.preparing import Preparing
from lab_engine.tui.shells import another, title
from lab_engine.tui.terminal.pane import TerminalPane

PREPARING = "preparing"
STOPS = ("escape", "ctrl+c")
"""Keys that stop the typing of a solution."""
BENCH = "bench"
OPEN_SECONDS = 20.0
EMULATOR = "lab_engine.tui.terminal.emulator"


class ShellPane(Vertical):
    """Shells in the bench, containers, namespaces, on consoles. The bench's is always there."""

    @dataclass
    class FrontWanted(Message):
        """This pane shall be seen and typed in."""

    BINDINGS: ClassVar[list[BindingType]] = []
    DEFAULT_CSS = """
    ShellPane > Tabs { display: none; }
    ShellPane.-several > Tabs { display: block; height: 2; }
    ShellPane > ContentSwitcher { height: 1fr; }
    """

    def __init__(self, desk: Desk, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.desk = desk
        self.target = BENCH
        self._panes: dict[str, TerminalPane] = {}
        self._held: TerminalPane | None = None

    def compose(self) -> ComposeResult:
        yield Tabs(Tab("bench", id=_id(BENCH)))
        with ContentSwitcher(initial=PREPARING):
            yield Preparing(self.desk, id=PREPARING)

    def on_mount(self) -> None:
        # The emulator takes 0.1 s to import, which is over before there is a shell to show.
        self.run_worker(partial(import_module, EMULATOR), thread=True, exit_on_error=False)

    @property
    def pane(self) -> TerminalPane | None:
        """The terminal in front."""
        return self._panes.get(self.target)

    @property
    def in_front(self) -> TerminalPane | Preparing:
        pane = self.pane
        showing = self.query_one(ContentSwitcher).current
        return pane if pane and showing != PREPARING else self.query_one(Preparing)

    async def open(self, target: str = BENCH) -> None:
        """Show the shell at `target`; start it when it does not run."""
        switcher = self.query_one(ContentSwitcher)
        pane = self._panes.get(target)
        if pane is None:
            try:
                argv = self.desk.shell(target)
            except InfralabError as error:
                self.notify(error.hint, title=error.message, severity="error", markup=False)
                return
            pane = TerminalPane(id=f"pane-{_id(target)}")
            self._panes[target] = pane
            await switcher.mount(pane)
            tabs = self.query_one(Tabs)
            if target != BENCH:
                await tabs.add_tab(Tab(title(target), id=_id(target)))
            pane.spawn(argv)
        elif pane.ended is not None:
            pane.spawn(self.desk.shell(target))
        self.target = target
        self._front(pane)

    async def open_another(self) -> None:
        """One more shell in the bench, in a tab."""
        number = next(n for n in count(2) if another(n) not in self._panes)
        await self.open(another(number))

    def _front(self, pane: TerminalPane) -> None:
        self.query_one(ContentSwitcher).current = pane.id
        tabs = self.query_one(Tabs)
        # Set here, not chosen by the learner: the focus stays where it is.
        with tabs.prevent(Tabs.TabActivated):
            tabs.active = _id(self.target)
        self.set_class(len(self._panes) > 1, "-several")

    async def close(self, target: str) -> None:
        """Close a shell; the bench's own only goes with the lesson."""
        pane = self._panes.pop(target, None)
        if pane is None:
            return
        await pane.hang_up()
        await pane.remove()
        if target != BENCH:
            await self.query_one(Tabs).remove_tab(_id(target))
        self.set_class(len(self._panes) > 1, "-several")
        if self.target == target:
            self.target = BENCH
            if BENCH in self._panes:
                self._front(self._panes[BENCH])

    def show_preparing(self) -> None:
        self.query_one(ContentSwitcher).current = PREPARING

    def next_tab(self) -> None:
        self.query_one(Tabs).action_next_tab()

    async def on_tabs_tab_activated(self, event: Tabs.TabActivated) -> None:
        event.stop()
        for target, pane in self._panes.items():
            if event.tab.id == _id(target):
                self.target = target
                self._front(pane)
                pane.focus()

    async def on_terminal_pane_exited(self, event: TerminalPane.Exited) -> None:
        event.stop()
        if event.pane is not self._panes.get(BENCH):
            for target, pane in list(self._panes.items()):
                if pane is event.pane:
                    self.notify(f"The shell of {title(target)} has ended.", markup=False)
                    was_here = pane.has_focus
                    await self.close(target)
                    if was_here:
                        self.in_front.focus()

    def on_terminal_pane_again(self, event: TerminalPane.Again) -> None:
        event.stop()
        try:
            event.pane.spawn(self.desk.shell(BENCH))
        except InfralabError as error:
            self.notify(error.hint, title=error.message, severity="error", markup=False)

    def to_front(self) -> None:
        """Have the screen show this pane, in every layout."""
        self.post_message(self.FrontWanted())

    # -- a solution is typed ---------------------------------------------------------------------

    async def take(self, target: str) -> None:
        """Bring a shell to the front and hold the learner's keys. See `Keyboard`."""
        self.release()
        await self.open(target)
        pane = self._panes.get(target)
        if pane is None:
            raise InfralabError("the shell cannot be opened", hint="Try again.")
        try:
            # A pane is laid out some time after it is mounted, and has nothing to type into before.
            async with asyncio.timeout(OPEN_SECONDS):
                await pane.started()
        except TimeoutError:
            raise InfralabError("the shell does not come up", hint="Try again.") from None
        pane.held = True
        self._held = pane

    def type(self, text: str) -> None:
        if self._held is None or not self._held.running:
            raise InfralabError("the shell has ended", hint="Enter in it starts a new one.")
        self._held.type(text)

    def release(self) -> None:
        if self._held:
            self._held.held = False
        self._held = None

    def on_terminal_pane_held(self, event: TerminalPane.Held) -> None:
        event.stop()
        if event.key in STOPS:
            self.desk.cancel()
        else:
            self.notify("The solution is being typed. Escape stops it.", timeout=2)

    def on_terminal_pane_copied(self, event: TerminalPane.Copied) -> None:
        event.stop()
        self.app.copy_to_clipboard(event.text)
        self.notify("Copied.", timeout=2)


def _id(target: str) -> str:
    # Textual takes letters, digits, `-` and `_` in an id.
    return "tab-" + "".join(c if c.isalnum() else f"_{ord(c):x}_" for c in target)
