"""The emulated screen: bytes of a program in, rows of styled text out.

All that this package knows of bittty is in this module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from bittty import Board, KeyEvent, KeyModifiers
from bittty import present as said
from rich.color import Color
from rich.style import Style

Row = tuple[tuple[str, Style], ...]
"""Runs of one style, left to right. A wide character takes two columns and is written once."""

MODIFIERS: Final = {
    "shift": KeyModifiers.SHIFT,
    "alt": KeyModifiers.ALT,
    "ctrl": KeyModifiers.CTRL,
    "meta": KeyModifiers.META,
}
WHEEL_UP: Final = 64
WHEEL_DOWN: Final = 65


@dataclass(frozen=True, slots=True)
class CursorAt:
    """Where the cursor is. `shape` is block, underline or bar."""

    column: int
    row: int
    shape: str


def _ignore_text(_: str) -> None:
    pass


class Emulator:
    """A screen of `columns` by `rows`.

    Args:
        columns: the width.
        rows: the height.
        reply: gets the bytes that go to the program: keys, mouse, answers to its questions.
        on_copy: gets text that the program puts on the clipboard (OSC 52).
        on_title: gets the title that the program sets.
        on_bell: called when it rings.
    """

    keeps_scrollback = False
    """bittty asks this of what it is attached to: tmux in the bench keeps what scrolls off."""

    def __init__(
        self,
        columns: int,
        rows: int,
        reply: Callable[[bytes], None],
        *,
        on_copy: Callable[[str], None] = _ignore_text,
        on_title: Callable[[str], None] = _ignore_text,
        on_bell: Callable[[], None] = lambda: None,
    ) -> None:
        self.mouse = False
        """Whether the program wants to hear of the mouse."""
        self.motion = False
        """Whether it wants to hear of movement with a button held."""
        self._composing = False
        self._on_copy = on_copy
        self._on_title = on_title
        self._on_bell = on_bell
        self._board: Any = Board(width=columns, height=rows)
        self._board.host.attach(_Cable(reply))
        self._board.attach_display(self)

    # -- the program's side ----------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Take what the program wrote. Characters and sequences may be cut anywhere."""
        self._board.feed_host_data(data)

    def present(self, event: object) -> None:
        """What bittty tells: called by it while it is fed."""
        match event:
            case said.ClipboardChanged(selection="c" | "", text=text):
                self._on_copy(text)
            case said.TitleChanged(title=title):
                self._on_title(title)
            case said.Bell():
                self._on_bell()
            case said.MouseCaptureChanged(mode=mode):
                self.mouse, self.motion = mode != "off", mode in ("button", "any")
            case said.SyncOutputChanged():
                self._composing = bool(getattr(event, "enabled", False))
            case _:
                pass

    @property
    def composing(self) -> bool:
        """Whether the program asked not to be shown until its picture is whole (mode 2026)."""
        return self._composing

    # -- the screen's side -----------------------------------------------------------------------

    @property
    def columns(self) -> int:
        return int(self._board.width)

    @property
    def rows(self) -> int:
        return int(self._board.height)

    def resize(self, columns: int, rows: int) -> None:
        self._board.resize(columns, rows)

    def row(self, number: int) -> Row:
        """A row of the screen, from 0; blank below the last."""
        page = self._board.display.page
        if not 0 <= number < page.height:
            return ()
        runs: list[tuple[str, Style]] = []
        text: list[str] = []
        style: Any = None
        for its, character in page.grid[number]:
            if its is not style and its != style:
                if text:
                    runs.append(("".join(text), rich_style(style)))
                    text = []
                style = its
            text.append(character)
        if text:
            runs.append(("".join(text), rich_style(style)))
        return tuple(runs)

    def text(self) -> str:
        """The screen as plain text, for tests and for copying."""
        return str(self._board.capture_text())

    def seen(self) -> int:
        """A mark for `changed`: what is drawn from now on is newer than it."""
        return int(self._board.display.page.observe())

    def changed(self, mark: int) -> list[int]:
        """The rows written since `seen` gave that mark."""
        return list(self._board.display.page.dirty_rows(mark))

    @property
    def page(self) -> object:
        """What is shown: another object when the program changes to its own screen and back."""
        page: object = self._board.display.page
        return page

    @property
    def cursor(self) -> CursorAt | None:
        """None when it is hidden."""
        place = self._board.display.cursor
        if place is None:
            return None
        # Past the last column it waits for a character that begins the next line.
        return CursorAt(min(place[0], self.columns - 1), place[1], self._board.cursor.shape)

    # -- the learner's side ----------------------------------------------------------------------

    def key(self, name: str, modifiers: frozenset[str] = frozenset(), text: str = "") -> None:
        """A key: a character or a name such as `up`, `f5`, `enter`; `text` is what it types."""
        held = KeyModifiers.NONE
        for modifier in modifiers:
            held |= MODIFIERS[modifier]
        self._board.input_key_event(KeyEvent(name, held, text=text or None))

    def paste(self, text: str) -> None:
        """Text as data: marked as a paste where the program asked for that."""
        self._board.input_paste(text)

    def pointer(
        self, column: int, row: int, button: int, what: str, modifiers: frozenset[str]
    ) -> None:
        """The mouse. `what` is press, release or move; column and row count from 0."""
        # bittty counts cells as xterm's protocol does, from 1.
        self._board.input_mouse(column + 1, row + 1, button, what, set(modifiers))

    def focus(self, on: bool) -> None:
        """Tell the program that its window is in front, or no longer."""
        self._board.set_focus(on)


class _Cable:
    """What bittty calls a connection: here only the way towards the program."""

    closed = False

    def __init__(self, reply: Callable[[bytes], None]) -> None:
        self._reply = reply

    def write(self, data: str) -> int:
        self._reply(data.encode("utf-8", "replace"))
        return len(data)

    def write_bytes(self, data: bytes) -> int:
        self._reply(data)
        return len(data)

    def flush(self) -> None:
        pass

    def resize(self, rows: int, cols: int) -> None:
        pass

    def configure_line(self, line: object) -> None:
        pass

    def close(self) -> None:
        pass


def _colour(colour: Any) -> Color | None:
    if colour is None or colour.mode == "default":
        return None
    if colour.mode == "indexed":
        return Color.from_ansi(colour.value)
    return Color.from_rgb(*colour.value)


@lru_cache(4096)
def rich_style(style: Any) -> Style:
    """The same look in Rich's words."""
    if style is None:
        return Style.null()
    return Style(
        color=_colour(style.fg),
        bgcolor=_colour(style.bg),
        bold=style.bold or None,
        dim=style.dim or None,
        italic=style.italic or None,
        underline=style.underline or None,
        reverse=style.reverse or None,
        conceal=style.conceal or None,
        strike=style.strike or None,
        overline=style.overline or None,
    )
