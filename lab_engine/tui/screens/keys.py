"""A page of keys and signs, over what was there; each set of screens has its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

Rows = tuple[tuple[str, str], ...]
"""A key, or a sign, and what it does."""


class KeysScreen(ModalScreen[None]):
    """Closed by most keys that somebody would try.

    Args:
        parts: each with its heading.
        column: cells of the keys.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss", "Close")
    ]
    DEFAULT_CSS = """
    KeysScreen { align: center middle; }
    KeysScreen > VerticalScroll {
        width: 84; max-width: 96%; height: auto; max-height: 98%; padding: 0 2;
        border: round $accent; background: $surface; border-title-style: bold;
    }
    KeysScreen Static { height: auto; }
    """

    def __init__(self, parts: Sequence[tuple[str, Rows]], column: int) -> None:
        super().__init__()
        self.parts = parts
        self.column = column

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = "Keys and signs"
            box.border_subtitle = "Escape closes this"
            for head, rows in self.parts:
                yield Static(Content.styled(f"\n{head}", "bold $text-accent"))
                for key, does in rows:
                    yield Static(Content.assemble((f"{key:<{self.column}}", "bold"), does))
            yield Static("")
