"""A list with keys, and beside it what is told of the row that is chosen."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, ClassVar, Final, NamedTuple

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.color import Color, ColorParseError
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import DataTable, Static

from lab_engine.errors import InfralabError
from lab_engine.shown import shown
from lab_engine.tui.instructor.beside import begin, beside
from lab_engine.tui.instructor.states import MUTED
from lab_engine.tui.panes.footer import Keys

Cell = tuple[str, str]
"""A text and its look: a name of the theme's such as `success`, `dim`, or nothing."""


PALE: Final = 0.25
"""How much of the background is in a text that matters less; more could not be read everywhere."""


class Column(NamedTuple):
    """`width` 0 takes what the others leave."""

    label: str
    width: int


class Line(NamedTuple):
    key: str
    cells: tuple[Cell, ...]


class Rows(DataTable[Text]):
    """The list itself, with its Enter in the footer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Open", key_display="⏎")
    ]


class Listed(Screen[None]):
    """What its kinds share. They say what is read, which lines there are, and what is told.

    Reading is done in a thread. While nothing can be read, the reason stands in place of the list.
    """

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 -- as Textual has it
        (0, "-narrow"),
        (100, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+down,right_square_bracket", "detail(3)", show=False),
        Binding("ctrl+up,left_square_bracket", "detail(-3)", show=False),
    ]
    DEFAULT_CSS = """
    Listed { layout: vertical; }
    Listed #bar { height: 1; width: 1fr; background: $primary-muted; padding: 0 1; }
    Listed #trouble { height: 1fr; padding: 1 2; display: none; }
    Listed.-trouble #trouble { display: block; }
    Listed.-trouble #body { display: none; }
    Listed #body { height: 1fr; width: 100%; layout: horizontal; }
    Listed DataTable {
        width: 1fr; height: 1fr; background: transparent; scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 0;
    }
    /* A theme's own colour of the cursor cannot be read in all of them. */
    Listed Rows:focus > .datatable--cursor { color: auto; }
    Listed #detail {
        width: 1fr; padding: 0 2; border-left: solid $foreground 30%; scrollbar-size-vertical: 1;
    }
    Listed #detail:focus { border-left: solid $accent; }
    Listed #detail Static { height: auto; }
    Listed.-narrow #body { layout: vertical; }
    Listed.-narrow DataTable { height: 1fr; }
    Listed.-narrow #detail {
        height: 1fr; width: 1fr; padding: 0 1;
        border-left: none; border-top: solid $foreground 30%;
    }
    Listed.-narrow #detail:focus { border-left: none; border-top: solid $accent; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.read_once = False
        self.at = ""
        """The key of the line that is chosen."""
        self._columns: list[Column] = []

    # -- what each kind says ---------------------------------------------------------------------

    def read(self) -> Any:
        """Read what is shown, in a thread. Raises InfralabError."""
        raise NotImplementedError

    def take(self, found: Any) -> None:
        """Keep what `read` gave."""
        raise NotImplementedError

    def head(self) -> Content:
        """The line at the top."""
        raise NotImplementedError

    def columns(self) -> Sequence[Column]:
        raise NotImplementedError

    def lines(self) -> Sequence[Line]:
        raise NotImplementedError

    def detail(self, key: str) -> Content:
        """What is told of a line."""
        raise NotImplementedError

    def enter(self, key: str) -> None:
        """A line was chosen with Enter: what is told of it can be scrolled, Escape goes back."""
        self.query_one("#detail").focus()

    def above(self) -> Sequence[Widget]:
        """What stands between the top and the list."""
        return ()

    # -- the screen ------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield Static("Reading …", id="bar")
        yield from self.above()
        yield Static(id="trouble")
        with Container(id="body"):
            yield Rows(cursor_type="row", cell_padding=1)
            with VerticalScroll(id="detail"):
                yield Static()
        yield Keys()

    @property
    def table(self) -> Rows:
        return self.query_one(Rows)

    def on_mount(self) -> None:
        self.table.focus()
        self.app.theme_changed_signal.subscribe(self, lambda _: self.show())
        self.action_again()

    def action_again(self) -> None:
        begin(self, self.again, "read")

    async def again(self) -> None:
        """Read, and show it."""
        try:
            self.take(await beside(self.read))
        except InfralabError as error:
            self.trouble(error)
            return
        self.set_class(False, "-trouble")
        self.read_once = True
        self.show()

    def trouble(self, error: InfralabError) -> None:
        """Say why nothing can be shown. What was shown before is still true, and stays."""
        if self.read_once:
            self.notify(error.hint or "", title=error.message, severity="error", markup=False)
            return
        self.query_one("#bar", Static).update(self.head())
        parts: list[str | tuple[str, str]] = [
            (f"✘ {shown(error.message)}\n", "bold $text-error"),
            f"\n{shown(error.hint)}\n" if error.hint else "",
            ("\nr reads again.", MUTED),
        ]
        self.query_one("#trouble", Static).update(Content.assemble(*parts))
        self.set_class(True, "-trouble")

    def on_resize(self) -> None:
        # The table has its new width after the layout.
        self.call_after_refresh(self.show)

    def show(self) -> None:
        """Fill the list anew; the cursor stays at its line."""
        if not self.read_once or not self.is_attached:
            return
        self.query_one("#bar", Static).update(self.head())
        table, lines = self.table, self.lines()
        columns = self._fitted()
        if columns != self._columns:
            self._columns = columns
            table.clear(columns=True)
            for column in columns:
                table.add_column(column.label, width=column.width)
        else:
            table.clear()
        for line in lines:
            cells = zip(line.cells, columns, strict=True)
            table.add_row(*(self._cell(one, column) for one, column in cells), key=line.key)
        keys = [line.key for line in lines]
        at = keys.index(self.at) if self.at in keys else 0
        if keys:
            table.move_cursor(row=at)
            self.tell(keys[at])
        else:
            self.query_one("#detail Static", Static).update("")

    def _fitted(self) -> list[Column]:
        columns = list(self.columns())
        taken = sum(column.width + 2 for column in columns)
        # One more, in which the scrollbar may come.
        room = max(self.table.size.width - taken - 1, 8)
        return [one if one.width else one._replace(width=room) for one in columns]

    def _cell(self, cell: Cell, column: Column) -> Text:
        text, look = cell
        flat = " ".join(shown(text).split())
        return Text(flat, style=self.look(look), no_wrap=True, overflow="ellipsis", end="")

    def look(self, name: str) -> str:
        """A look in Rich's words."""
        if name in ("", "bold"):
            return name
        try:
            if name == "dim":
                colours = self.app.theme_variables
                front, back = (Color.parse(colours[one]) for one in ("foreground", "background"))
                return str(front.blend(back, PALE).rich_color.name)
            value = self.app.theme_variables.get(f"text-{name}", "")
            colour = Color.parse(value).rich_color
        except ColorParseError:
            return "bold"
        return colour.name if colour.is_default else str(colour.name)

    @property
    def room_to_tell(self) -> int:
        """How many columns what is told of a line has."""
        return max(self.query_one("#detail").scrollable_content_region.width, 20)

    def _there(self, event: DataTable.RowHighlighted | DataTable.RowSelected) -> str:
        """The key of a message's line; nothing when the list is another one by now."""
        there = self.read_once and event.row_key in self.table.rows
        return event.row_key.value or "" if there else ""

    @on(DataTable.RowHighlighted)
    def _chosen(self, event: DataTable.RowHighlighted) -> None:
        key = self._there(event)
        if key and key != self.at:
            self.tell(key)

    def tell(self, key: str) -> None:
        """Show what is told of a line."""
        changed, self.at = key != self.at, key
        self.query_one("#detail Static", Static).update(self.detail(key))
        if changed:
            self.query_one("#detail", VerticalScroll).scroll_home(animate=False)

    @on(DataTable.RowSelected)
    def _entered(self, event: DataTable.RowSelected) -> None:
        if key := self._there(event):
            self.enter(key)

    def action_back(self) -> None:
        """From what is told to the list, from the list to the screen before."""
        if self.query_one("#detail").has_focus:
            self.table.focus()
        elif len(self.app.screen_stack) > 1:
            self.app.pop_screen()
        else:
            self.app.exit(0)

    def action_detail(self, lines: int) -> None:
        """Scroll what is told, without leaving the list."""
        self.query_one("#detail", VerticalScroll).scroll_relative(y=lines, animate=False)


def pairs(rows: Sequence[tuple[str, str]], width: int) -> Content:
    """Labels and texts in two columns, of so many columns together. The texts may be anybody's."""
    indent = max((len(label) for label, _ in rows), default=0) + 2
    room = max(width - indent, 16)
    parts: list[str | tuple[str, str]] = []
    for label, text in rows:
        parts.append((f"{label:>{indent - 2}}  ", MUTED))
        lines = [
            line
            for one in shown(text).strip().splitlines() or [""]
            for line in textwrap.wrap(one, room, drop_whitespace=False) or [""]
        ]
        parts.append(f"\n{' ' * indent}".join(line.strip() for line in lines) + "\n")
    return Content.assemble(*parts)
