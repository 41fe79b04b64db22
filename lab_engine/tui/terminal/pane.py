"""The widget: a terminal that a learner types in."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from lab_engine.errors import InfralabError
from lab_engine.tui.terminal.keys import translate
from lab_engine.tui.terminal.process import PtyProcess

if TYPE_CHECKING:
    from lab_engine.tui.terminal.emulator import Emulator

PIECE: Final = 2048
"""Bytes fed to the emulator between two looks at the clock; about 4 ms of work at worst."""
SLICE: Final = 0.006
"""Seconds of parsing before other work of the loop has its turn."""
REST: Final = 0.004
FRAME: Final = 1 / 30
PROMPT_SECONDS: Final = 0.8
"""From a shell's first output until it reads what is typed, well counted."""
HIGH_WATER: Final = 128 * 1024
"""Bytes not yet parsed that make us stop reading: tmux then leaves out what nobody sees."""
BUTTONS: Final = {1: 0, 2: 1, 3: 2}


class TerminalPane(Widget, can_focus=True):
    """A program in a terminal. Every key goes to it, but for the priority keys of the app.

    Call `spawn`; it starts as soon as the widget has a size. `Exited` tells the end.
    """

    # A press in here is the program's: Textual would begin to select text.
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = []
    DEFAULT_CSS = """
    TerminalPane {
        background: $surface-darken-1;
        color: $foreground;
        width: 1fr;
        height: 1fr;
    }
    """

    @dataclass
    class Exited(Message):
        """The program ended."""

        pane: TerminalPane
        code: int

        @property
        def control(self) -> TerminalPane:
            return self.pane

    @dataclass
    class Again(Message):
        """The learner pressed Enter in a terminal whose program has ended."""

        pane: TerminalPane

        @property
        def control(self) -> TerminalPane:
            return self.pane

    @dataclass
    class Held(Message):
        """A key was pressed while others type here."""

        key: str

    @dataclass
    class Copied(Message):
        """The program put a text on the clipboard."""

        text: str

    def __init__(
        self, *, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.emulator: Emulator | None = None
        self.ended: int | None = None
        """The exit code of the program that ended; None while one runs."""
        self.held = False
        """Whether keys and mouse stay away from the program, since others type."""
        self._process: PtyProcess | None = None
        self._started = asyncio.Event()
        self._wanted: tuple[list[str], Mapping[str, str] | None] | None = None
        self._early: list[Callable[[Emulator], None]] = []
        """What was typed while the program waited for a size, until its prompt is there."""
        self._handing: Timer | None = None
        self._unread: deque[bytes] = deque()
        self._unread_size = 0
        self._parsing = False
        self._painting = False
        self._mark = -1
        self._page: object = None
        self._cursor_row = -1
        self._last_paint = 0.0

    # -- the interface ---------------------------------------------------------------------------

    def spawn(self, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Run `argv` here, instead of what ran before."""
        self._wanted = (list(argv), environment)
        self._early.clear()
        self._started.clear()
        self._start()

    async def started(self) -> None:
        """Wait until what is to run here was started: only a pane that has a size can do that."""
        await self._started.wait()

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def waits(self) -> bool:
        """Whether what is to run here waits for a size; what is typed is kept for it meanwhile."""
        return self._wanted is not None

    def paste(self, text: str) -> None:
        """Text as if pasted: a shell shows several lines without running them."""
        self._give(lambda emulator: emulator.paste(text))

    def send_text(self, text: str) -> None:
        """Type a text for the learner, who presses Enter."""
        self.paste(text.rstrip("\n"))

    def type(self, text: str) -> None:
        """Keys as if the learner hit them."""
        self._reply(text.encode())

    async def hang_up(self) -> None:
        """End the program, as closing a terminal's window does."""
        process, self._process = self._process, None
        if process:
            await process.close()

    # -- the program -----------------------------------------------------------------------------

    def _start(self) -> None:
        size = self.size
        if self._wanted is None or self._process is not None or not (size.width and size.height):
            return
        from lab_engine.tui.terminal.emulator import Emulator

        (argv, environment), self._wanted = self._wanted, None
        self._started.set()
        self.emulator = Emulator(
            size.width,
            size.height,
            self._reply,
            on_copy=self._copied,
            on_bell=self.app.bell,
        )
        self.ended = None
        self._mark = -1
        try:
            self._process = PtyProcess.start(
                argv,
                columns=size.width,
                rows=size.height,
                on_data=self._arrived,
                on_exit=self._gone,
                environment=environment,
            )
        except InfralabError as error:
            self.emulator.feed(f"{error.message}\r\n{error.hint}\r\n".encode())
            # As a shell ends for a command that it does not find (bash(1), EXIT STATUS).
            self._gone(127)
            return
        self.refresh()

    def _copied(self, text: str) -> None:
        self.post_message(self.Copied(text))

    def _reply(self, data: bytes) -> None:
        if self._process:
            self._process.write(data)

    def _give(self, typed: Callable[[Emulator], None]) -> None:
        if self.waits or self._early:
            self._early.append(typed)
        elif self.emulator:
            typed(self.emulator)

    def _hand_over(self) -> None:
        early, self._early, self._handing = self._early, [], None
        for typed in early:
            # Who types a solution meanwhile has the keyboard alone.
            if self.emulator and not self.held:
                typed(self.emulator)

    def _arrived(self, data: bytes) -> None:
        if self._early and not self._handing:
            # A shell that begins throws away what was typed before its prompt (tcsetattr(3)).
            self._handing = self.set_timer(PROMPT_SECONDS, self._hand_over)
        self._unread.append(data)
        self._unread_size += len(data)
        if self._unread_size > HIGH_WATER and self._process:
            self._process.pause()
        if not self._parsing:
            self._parsing = True
            self._parse()

    def _parse(self) -> None:
        """Feed the emulator for a moment, then let others have the loop."""
        emulator = self.emulator
        end = time.perf_counter() + SLICE
        while emulator and self._unread and time.perf_counter() < end:
            data = self._unread.popleft()
            emulator.feed(data[:PIECE])
            if len(data) > PIECE:
                self._unread.appendleft(data[PIECE:])
            self._unread_size -= min(len(data), PIECE)
        self._schedule_paint()
        if self._unread:
            asyncio.get_running_loop().call_later(REST, self._parse)
            return
        self._parsing = False
        if self._process:
            self._process.resume()

    def _gone(self, code: int) -> None:
        self._process = None
        self.ended = code
        self.post_message(self.Exited(self, code))
        self.refresh()

    # -- painting --------------------------------------------------------------------------------

    def _schedule_paint(self) -> None:
        if self._painting:
            return
        self._painting = True
        wait = self._last_paint + FRAME - time.perf_counter()
        if wait <= 0:
            self._paint()
        else:
            asyncio.get_running_loop().call_later(wait, self._paint)

    def _paint(self) -> None:
        self._painting = False
        self._last_paint = time.perf_counter()
        emulator = self.emulator
        if emulator is None or emulator.composing or not self.is_attached:
            return
        page = emulator.page
        rows = set(emulator.changed(self._mark)) if page is self._page else set()
        whole = page is not self._page
        self._page = page
        self._mark = emulator.seen()
        cursor = emulator.cursor
        row = cursor.row if cursor else -1
        # The emulator does not count the cursor, which is drawn here.
        rows |= {self._cursor_row, row} - {-1}
        self._cursor_row = row
        if whole or len(rows) > self.size.height // 2:
            self.refresh()
        else:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in rows))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.rich_style
        if self.ended is not None and y == self.size.height - 1:
            text = f" This shell has ended (exit code {self.ended}). Enter starts a new one. "
            return Strip([Segment(text, base + Style(reverse=True))]).adjust_cell_length(
                width, base
            )
        if self.emulator is None:
            text = "" if y else " Opening the shell …"
            return Strip([Segment(text, base + Style(dim=True))]).adjust_cell_length(width, base)
        segments = [Segment(text, base + style) for text, style in self.emulator.row(y)]
        strip = Strip(segments).adjust_cell_length(width, base)
        cursor = self.emulator.cursor
        if cursor and cursor.row == y and self.ended is None and cursor.column < width:
            mark = Style(reverse=True) if self.has_focus else Style(underline=True, bold=True)
            if cursor.shape == "underline":
                mark = Style(underline=True, bold=True)
            cuts = [cursor.column, cursor.column + 1, width]
            before, at, after = (*strip.divide(cuts), Strip([]), Strip([]))[:3]
            strip = Strip.join([before, at.apply_style(mark), after])
        return strip

    # -- events ----------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        width, height = event.size
        if not (width and height):
            return
        if self._wanted is not None:
            self._start()
            return
        if self.emulator is None:
            return
        self.emulator.resize(width, height)
        if self._process:
            self._process.resize(width, height)
        self._mark = -1
        self.refresh()

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if self.ended is not None:
            if event.key == "enter":
                self.post_message(self.Again(self))
            return
        if self.held:
            self.post_message(self.Held(event.key))
            return
        if known := translate(event.key, event.character):
            self._give(lambda emulator: emulator.key(*known))

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        if not self.held:
            self.paste(event.text)

    def on_focus(self) -> None:
        if self.emulator:
            self.emulator.focus(True)
        self.refresh()

    def on_blur(self) -> None:
        if self.emulator:
            self.emulator.focus(False)
        self.refresh()

    def _point(self, event: events.MouseEvent, button: int, what: str) -> None:
        emulator = self.emulator
        if emulator is None or not emulator.mouse or self.ended is not None or self.held:
            return
        event.stop()
        column = min(max(event.x, 0), emulator.columns - 1)
        row = min(max(event.y, 0), emulator.rows - 1)
        held = frozenset(
            name
            for name, on in (("shift", event.shift), ("meta", event.meta), ("ctrl", event.ctrl))
            if on
        )
        emulator.pointer(column, row, button, what, held)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        # A drag that leaves the pane still ends here.
        self.capture_mouse()
        self._point(event, BUTTONS.get(event.button, 0), "press")

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self.release_mouse()
        self._point(event, BUTTONS.get(event.button, 0), "release")

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if event.button and self.emulator and self.emulator.motion:
            self._point(event, BUTTONS.get(event.button, 0), "move")

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        # In xterm's protocol the wheel is the buttons 64 and 65.
        self._point(event, 64, "press")

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._point(event, 65, "press")

    async def on_unmount(self) -> None:
        await self.hang_up()
