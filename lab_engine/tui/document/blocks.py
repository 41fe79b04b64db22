"""Widgets for the blocks of a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, HorizontalScroll, Vertical
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from lab_engine.course.text.model import (
    Block,
    Code,
    Diagram,
    Heading,
    ListBlock,
    Note,
    Paragraph,
    Spans,
    Table,
)
from lab_engine.tui.document.content import styled

GOES_ON: Final = "↳"
"""In the margin of a row that goes on with the line above it."""


class CodeBlock(Static, can_focus=True):
    """Commands or output. Enter, or a click, sends commands to the shell, without running them.

    A line that is too long goes on in the next row, with a sign in the margin. The sign is drawn
    only: what is marked, copied or sent is the text.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "send", "Put in shell"),
        Binding("y", "copy", "Copy"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"code--goes-on"}
    DEFAULT_CSS = """
    CodeBlock > .code--goes-on { color: $text-accent; text-style: bold; }
    CodeBlock {
        height: auto;
        margin: 0 0 1 0;
        padding: 0 1;
        background: $surface-lighten-1;
        border-left: outer $accent;
        border-title-color: $text-muted;
    }
    CodeBlock.-shown { border-left: outer $foreground 30%; color: $text-muted; }
    CodeBlock:focus { border-left: outer $success; background: $boost; text-style: bold; }
    CodeBlock.-typed:hover { background: $boost; }
    """

    @dataclass
    class Sent(Message):
        """The learner wants this text in the shell."""

        text: str

    def __init__(self, text: str, *, label: str = "", typed: bool = True) -> None:
        head = Content.styled(f"{label}\n", "dim italic") if label else Content("")
        self._shown = head + Content(text)
        super().__init__(self._shown, classes="-typed" if typed else "-shown")
        self.text = text
        self.typed = typed
        self.can_focus = typed
        if typed:
            self.tooltip = "Enter or a click puts this in the shell. Then press Enter there."

    def render_lines(self, crop: Region) -> list[Strip]:
        strips = super().render_lines(crop)
        margin, top = self.gutter.left - 1, self.gutter.top
        if not crop.x <= margin < crop.right:
            return strips
        at, rows = margin - crop.x, self._goes_on()
        # Painted once more while it is being removed, it has no styles of its parts any more.
        sign = self.get_component_rich_style("code--goes-on", partial=True, default=Style.null())
        for n, strip in enumerate(strips):
            row = crop.y + n - top
            if 0 <= row < len(rows) and rows[row]:
                before, cell, after = strip.divide([at, at + 1, strip.cell_length])
                # On what the margin has, which another focus colours anew.
                ground = next(iter(cell)).style
                drawn = Segment(GOES_ON, ground + sign if ground else sign)
                strips[n] = Strip.join([before, Strip([drawn], 1), after])
        return strips

    def _goes_on(self) -> list[bool]:
        """Of each row, whether it goes on with the line above it."""
        width = self.size.width
        lines = self._shown.split(allow_blank=True) if width else []
        return [n > 0 for line in lines for n in range(max(len(line.wrap(width)), 1))]

    def action_send(self) -> None:
        if self.typed:
            self.post_message(self.Sent(self.text))

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.text)
        self.notify("Copied.")

    def on_click(self) -> None:
        # A drag that marks a part of it is no click: Textual tells of none.
        self.action_send()


class Drawing(HorizontalScroll, can_focus=False):
    """A text diagram: never wrapped, moved sideways when it is too wide."""

    DEFAULT_CSS = """
    Drawing { height: auto; margin: 0 0 1 0; scrollbar-size-horizontal: 1; }
    Drawing > Static { width: auto; color: $text-secondary; }
    """

    def __init__(self, diagram: Diagram) -> None:
        super().__init__(Static(Content(diagram.text)))
        self.tooltip = diagram.alt or None


class Aside(Vertical):
    """A note that may be skipped."""

    DEFAULT_CSS = """
    Aside {
        height: auto;
        margin: 0 0 1 0;
        padding: 0 1;
        border-left: wide $secondary;
    }
    Aside > .lead { color: $text-secondary; text-style: bold; }
    """


class Item(Horizontal):
    """One item of a list: its mark, and blocks beside it."""

    DEFAULT_CSS = """
    Item { height: auto; }
    Item > .mark { width: 4; padding: 0 1 0 1; color: $text-accent; }
    Item > Vertical { height: auto; width: 1fr; }
    """


class Facts(Static):
    """A table. Where it is too narrow, cells wrap."""

    DEFAULT_CSS = """
    Facts { height: auto; margin: 0 0 1 0; }
    """

    def __init__(self, table: Table) -> None:
        from rich import box
        from rich.table import Table as Grid

        grid = Grid(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, expand=False)
        for cell in table.head:
            grid.add_column(_plain(cell), overflow="fold")
        for row in table.rows:
            grid.add_row(*(_plain(cell) for cell in row))
        super().__init__(grid)


def _plain(spans: Spans) -> str:
    # Rich would take a bracket in a cell for markup.
    return styled(spans).plain.replace("[", "\\[")


def build(blocks: Iterable[Block]) -> Iterator[Widget]:
    """A widget for each block that is no task and no question."""
    for block in blocks:
        match block:
            case Paragraph(spans=spans):
                yield Static(styled(spans), classes="paragraph")
            case Heading(spans=spans, level=level):
                yield Static(styled(spans), classes=f"heading level-{level}")
            case ListBlock():
                yield Vertical(*_items(block), classes="list")
            case Table():
                yield Facts(block)
            case Code():
                yield code(block)
            case Diagram():
                yield Drawing(block)
            case Note(body=body):
                yield Aside(Static("Note", classes="lead"), *build(body))
            case _:
                continue


def _items(block: ListBlock) -> Iterator[Widget]:
    for n, item in enumerate(block.items):
        mark = "•" if block.start is None else f"{block.start + n}."
        yield Item(Static(mark, classes="mark"), Vertical(*build(item)))


def code(block: Code) -> CodeBlock:
    """A code block with a word on what it is, where that is not plain."""
    place = f" at {block.at}" if block.at else ""
    if block.language == "output":
        label = "prints:"
    elif block.language != "sh":
        label = "in a file, to read:"
    else:
        label = {
            "later": f"{block.when}:",
            "task": "a part of the task:",
            "console": f"type{place or ' in another place'}:",
            "show": f"an example, to read{place}:",
            "run": f"type{place}:" if place else "",
        }[block.role]
        if block.fails:
            which = "the last one fails" if "\n" in block.text else "fails"
            label = f"{label.removesuffix(':')} ({which}, as it should):".lstrip()
    return CodeBlock(block.text, label=label, typed=block.sent)


class Blocks(Vertical):
    """Some blocks below each other, such as a hint."""

    DEFAULT_CSS = """
    Blocks { height: auto; }
    """

    def __init__(self, blocks: tuple[Block, ...], *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._blocks = blocks

    def compose(self) -> ComposeResult:
        yield from build(self._blocks)
