"""The recorded terminal of a learner: at any speed, with jumps to each command and verdict."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from lab_engine.errors import InfralabError
from lab_engine.grading.insight.tape import Kind, Mark, Tape, clock, length, tape
from lab_engine.grading.submission.handed import Handed
from lab_engine.shown import shown
from lab_engine.tui.instructor.beside import begin, beside
from lab_engine.tui.instructor.player import Player, wound
from lab_engine.tui.instructor.states import MUTED
from lab_engine.tui.panes.footer import Keys

SPEEDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
FRAME: Final = 1 / 20
WORK: Final = 0.015
"""Seconds of drawing in a frame: keys go first."""
EVERY: Final[Sequence[Kind]] = ("step", "command", "verdict")
SIGNS: Final[dict[Kind, tuple[str, str]]] = {
    "step": ("▸", "bold $text-accent"),
    "command": ("$", ""),
    "verdict": ("✘", "$text-error"),
}
EMPTY: Final = "Nothing was recorded: no shell was opened."


class Picture(Widget):
    """A terminal as it was. Where there is less room than it had, the part with the cursor."""

    DEFAULT_CSS = """
    Picture { width: 1fr; height: 1fr; background: $surface-darken-1; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.player: Player | None = None
        self.shell: int | None = None
        """The terminal that is shown; None for the one in which something happened last."""

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        screen = self.player.screen(self.shell) if self.player else None
        if screen is None:
            text = EMPTY if self.player and not y else ""
            return Strip([Segment(f" {text}", base + Style(dim=True))]).adjust_cell_length(
                width, base
            )
        cursor = screen.cursor
        row = y + _first(screen.rows, self.size.height, cursor.row if cursor else 0)
        left = _first(screen.columns, width, cursor.column if cursor else 0)
        segments = [Segment(text, base + style) for text, style in screen.row(row)]
        strip = Strip(segments).adjust_cell_length(max(screen.columns, width), base)
        if cursor and cursor.row == row:
            cuts = [cursor.column, cursor.column + 1, strip.cell_length]
            before, at, after = (*strip.divide(cuts), Strip([]), Strip([]))[:3]
            strip = Strip.join([before, at.apply_style(Style(reverse=True)), after])
        return strip.crop(left, left + width)


def _first(whole: int, room: int, cursor: int) -> int:
    """The first row or column that is shown, so that the cursor is among them."""
    return max(0, min(cursor - room + 1, whole - room)) if whole > room else 0


class Places(OptionList, can_focus=False):
    """The list of marks. It takes keys only while somebody looks for a place there."""


class ReplayScreen(Screen[None]):
    """One lesson of a submission.

    Args:
        part: the lesson.
        name: whose it is.
    """

    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 -- as Textual has it
        (0, "-narrow"),
        (120, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back", key_display="Esc"),
        Binding("space", "play", "Play"),
        Binding("n,right", "jump(1, 'command')", "Next", key_display="n"),
        Binding("b,left", "jump(-1, 'command')", show=False),
        Binding("v", "jump(1, 'verdict')", "Verdict"),
        Binding("V", "jump(-1, 'verdict')", show=False),
        Binding("plus,equals_sign", "speed(1)", "Faster", key_display="+"),
        Binding("minus", "speed(-1)", show=False),
        Binding("m", "places", "Places"),
        Binding("tab", "terminal", "Shell"),
        Binding("home", "start", show=False),
        Binding("end", "end", show=False),
        Binding("question_mark", "app.help", "Keys", show=False),
    ]
    DEFAULT_CSS = """
    ReplayScreen { layout: vertical; }
    ReplayScreen #bar { height: 1; width: 1fr; background: $primary-muted; padding: 0 1; }
    ReplayScreen Horizontal { height: 1fr; width: 1fr; }
    ReplayScreen OptionList {
        width: 56; height: 1fr; border: none; border-left: solid $foreground 30%; padding: 0;
        background: transparent; scrollbar-size-vertical: 1;
    }
    ReplayScreen OptionList:focus { border: none; border-left: solid $accent; }
    ReplayScreen.-narrow OptionList { display: none; width: 1fr; border: none; }
    ReplayScreen.-narrow.-places OptionList { display: block; }
    ReplayScreen.-narrow.-places Picture { display: none; }
    ReplayScreen #said { height: 1; width: 1fr; padding: 0 1; }
    ReplayScreen #at { height: 1; width: 1fr; padding: 0 1; }
    """

    def __init__(self, part: Handed, name: str) -> None:
        super().__init__()
        self.part = part
        self.learner = name
        self.tape: Tape | None = None
        self.player: Player | None = None
        self.playing = False
        self.speed = 1.0
        self.trouble = ""
        self._winding: threading.Event | None = None
        self._last = 0.0

    def compose(self) -> ComposeResult:
        yield Static(id="bar")
        with Horizontal():
            yield Picture()
            yield Places()
        yield Static(id="said")
        yield Static(id="at")
        yield Keys()

    def on_mount(self) -> None:
        self.tell()
        begin(self, self._load, "read")
        self.set_interval(FRAME, self._tick)

    def on_unmount(self) -> None:
        if self._winding:
            self._winding.set()

    async def _load(self) -> None:
        try:
            found = await beside(tape, self.part)
        except InfralabError as error:
            self.trouble = f"{error.message}. {error.hint}"
            self.tell()
            return
        self.tape = found
        places = self.query_one(Places)
        places.add_options([Option(_place(mark)) for mark in found.marks])
        self._put(Player(found))
        self.refresh_bindings()
        self._last = time.monotonic()
        self.playing = bool(found.frames)
        self.tell()

    # -- playing ---------------------------------------------------------------------------------

    def _put(self, player: Player) -> None:
        self.player = player
        picture = self.query_one(Picture)
        picture.player = player
        picture.refresh()

    def _tick(self) -> None:
        now = time.monotonic()
        passed, self._last = now - self._last, now
        if not self.playing or self._winding or self.player is None or self.tape is None:
            return
        to = min(self.player.at + passed * self.speed, self.tape.seconds)
        self.player.advance(to, WORK)
        if self.player.at >= self.tape.seconds:
            self.playing = False
        self.query_one(Picture).refresh()
        self.tell()

    def go_to(self, at: float) -> None:
        """Be at another place. It is drawn from the start in a thread, since it may take long."""
        if self._winding:
            self._winding.set()
        self._winding = threading.Event()
        begin(self, partial(self._wind, at, self._winding), "wind")
        self.tell()

    async def _wind(self, at: float, stop: threading.Event) -> None:
        assert self.tape is not None
        try:
            player = await beside(wound, self.tape, at, stop)
        except InfralabError as error:
            player = None
            self.notify(error.hint or "", title=error.message, severity="error", markup=False)
        if self._winding is stop:
            self._winding = None
        if player is not None:
            self._put(player)
            self._last = time.monotonic()
        self.tell()

    # -- what is said ----------------------------------------------------------------------------

    def tell(self) -> None:
        """Where it is, and what was typed or said last."""
        if not self.is_attached:
            return
        shells = self.tape.shells if self.tape else ()
        own = self.query_one(Picture).shell
        number = self.player.shell if own is None and self.player else own or 0
        shell = shells[number] if shells else None
        kept = ", kept" if own is not None else ""
        many = f", terminal {number + 1} of {len(shells)}{kept}"
        size = f" {shell.columns}x{shell.rows} in {shell.place}" if shell else ""
        self.query_one("#bar", Static).update(
            Content.assemble(
                (shown(self.learner), "bold"),
                (f"  {self.part.part.lesson}{many if len(shells) > 1 else ''}{size}", ""),
            )
        )
        self.query_one("#said", Static).update(self._said())
        self.query_one("#at", Static).update(self._place())
        self._follow()

    def _said(self) -> Content:
        if self.trouble:
            return Content.styled(shown(self.trouble), "$text-error")
        if self.tape is None or self.player is None:
            return Content("Reading …")
        mark = self._current()
        room = max(self.size.width - 3, 8)
        return _place(mark).truncate(room, ellipsis=True) if mark else Content("")

    def _current(self) -> Mark | None:
        if self.tape is None or self.player is None:
            return None
        return self.tape.mark_before(self.player.at + 1e-6, EVERY)

    def _place(self) -> Content:
        if self.tape is None or self.player is None:
            return Content("")
        at, seconds = self.player.at, self.tape.seconds
        mark = self._current()
        speed = f"{self.speed:g}×"
        state = "… winding" if self._winding else "▶ plays" if self.playing else "‖ paused"
        told = f" {length(at)} / {length(seconds)}  {speed}  {state}"
        if mark:
            told += f"  {clock(mark.clock)}"
        room = max(self.size.width - len(told) - 3, 5)
        done = min(room, round(room * at / seconds)) if seconds else room
        return Content.assemble(
            ("━" * done, "bold $text-accent"), ("─" * (room - done), "dim"), told
        )

    def _follow(self) -> None:
        """Show the current place in the list, unless somebody looks for another one there."""
        places = self.query_one(Places)
        mark = self._current()
        if self.tape is None or mark is None or places.has_focus:
            return
        number = self.tape.marks.index(mark)
        if places.highlighted != number:
            places.highlighted = number

    # -- actions ---------------------------------------------------------------------------------

    def action_play(self) -> None:
        if self.tape is None or self.player is None:
            return
        self._last = time.monotonic()
        if not self.playing and self.player.at >= self.tape.seconds:
            self.go_to(0.0)
        self.playing = not self.playing
        self.tell()

    def action_speed(self, by: int) -> None:
        at = SPEEDS.index(self.speed) + by
        self.speed = SPEEDS[max(0, min(at, len(SPEEDS) - 1))]
        self.tell()

    def action_jump(self, by: int, kind: Kind) -> None:
        if self.tape is None or self.player is None:
            return
        at = self.player.at
        # A little earlier, so that the one at hand is not found again while it plays on.
        mark = (
            self.tape.next_mark(at + 1e-6, (kind,))
            if by > 0
            else self.tape.mark_before(at - (0.5 if self.playing else 1e-6), (kind,))
        )
        if mark is None:
            self.notify(f"There is no {kind} {'after' if by > 0 else 'before'} this.", timeout=2)
        else:
            self.go_to(mark.at)

    def action_start(self) -> None:
        if self.tape is not None:
            self.go_to(0.0)

    def action_end(self) -> None:
        if self.tape is not None:
            self.playing = False
            self.go_to(self.tape.seconds)

    def action_terminal(self) -> None:
        """Keep to the first terminal, to the next one, or go with what happens again."""
        picture = self.query_one(Picture)
        many = len(self.tape.shells) if self.tape else 0
        following = 0 if picture.shell is None else picture.shell + 1
        picture.shell = following if following < many and many > 1 else None
        picture.refresh()
        self.tell()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """One terminal needs no key to choose another."""
        return action != "terminal" or (self.tape is not None and len(self.tape.shells) > 1)

    def action_places(self) -> None:
        """To the list of places and back."""
        places = self.query_one(Places)
        if places.has_focus:
            self._leave_places()
            return
        places.can_focus = True
        self.set_class(True, "-places")
        places.focus()

    def _leave_places(self) -> None:
        places = self.query_one(Places)
        self.set_class(False, "-places")
        self.set_focus(None)
        places.can_focus = False

    def action_back(self) -> None:
        if self.query_one(Places).has_focus:
            self._leave_places()
        else:
            self.app.pop_screen()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if self.tape is not None:
            self.go_to(self.tape.marks[event.option_index].at)
            self._leave_places()


def _place(mark: Mark) -> Content:
    sign, look = SIGNS[mark.kind]
    if mark.passed:
        sign, look = "✔", "$text-success"
    return Content.assemble((f"{clock(mark.clock)} ", MUTED), (f"{sign} {mark.text}", look))
