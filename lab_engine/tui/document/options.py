"""The options of a question. Their marks are signs, not colours, and their texts wrap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static


class Option(Horizontal, can_focus=True):
    """One option: Enter, Space or a click chooses it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "choose", "Choose"),
        Binding("down,j", "app.focus_next", show=False),
        Binding("up,k", "app.focus_previous", show=False),
    ]
    DEFAULT_CSS = """
    Option { height: auto; }
    Option > .mark { width: 4; text-style: bold; }
    Option > .text { width: 1fr; height: auto; }
    Option:focus { background: $boost; text-style: bold; }
    Option:hover { background: $boost; }
    """

    @dataclass
    class Chosen(Message):
        number: int

    def __init__(self, number: int, text: Content, *, several: bool) -> None:
        super().__init__()
        self.number = number
        self.text = text
        self.several = several
        self.on = False

    def compose(self) -> ComposeResult:
        yield Static(self._mark(), classes="mark", markup=False)
        yield Static(self.text, classes="text")

    def _mark(self) -> str:
        if self.several:
            return "[x]" if self.on else "[ ]"
        return "(●)" if self.on else "( )"

    def put(self, on: bool) -> None:
        self.on = on
        self.query_one(".mark", Static).update(self._mark())

    def action_choose(self) -> None:
        self.post_message(self.Chosen(self.number))

    def on_click(self) -> None:
        self.action_choose()


class Options(Vertical):
    """The options below each other, one or several of which can be chosen."""

    DEFAULT_CSS = """
    Options { height: auto; margin: 1 0 0 0; }
    """

    @dataclass
    class Changed(Message):
        """`numbers` are those chosen now, from 1."""

        numbers: tuple[int, ...]

    def __init__(self, texts: tuple[Content, ...], *, several: bool) -> None:
        super().__init__(*(Option(n, text, several=several) for n, text in enumerate(texts, 1)))
        self.several = several

    @property
    def chosen(self) -> tuple[int, ...]:
        return tuple(option.number for option in self.query(Option) if option.on)

    def on_option_chosen(self, event: Option.Chosen) -> None:
        event.stop()
        for option in self.query(Option):
            if option.number == event.number:
                option.put(not option.on if self.several else True)
            elif not self.several:
                option.put(False)
        self.post_message(self.Changed(self.chosen))
