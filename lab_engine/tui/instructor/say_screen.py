"""Asks for the words of a comment or an override, and has them written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from lab_engine.errors import InfralabError
from lab_engine.shown import shown
from lab_engine.tui.instructor.beside import begin

Kind = Literal["comment", "override"]
Save = Callable[[Kind, str, float | None, str], Awaitable[None]]
"""Writes it: what it is, the text, the points, the author. Raises InfralabError."""


class SayScreen(ModalScreen[bool]):
    """Returns whether something was written. What cannot be written is told, and stays to mend.

    Args:
        kind: what is asked for.
        about: whose work it is, in words.
        points: what stands now, in words.
        author: who says so.
        ask: whether the author is asked for.
        save: writes it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Leave"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("ctrl+s", "save", "Write it", show=False),
    ]
    DEFAULT_CSS = """
    SayScreen { align: center middle; }
    SayScreen > Vertical {
        width: 72; max-width: 95%; height: auto; padding: 1 2;
        border: round $accent; background: $surface;
    }
    SayScreen Static { height: auto; }
    SayScreen .question { text-style: bold; }
    SayScreen .more { color: $text-muted; margin: 0 0 1 0; }
    SayScreen .label { color: $text-muted; }
    SayScreen Input { margin: 0 0 1 0; background: $surface-lighten-1; }
    SayScreen #trouble { color: $text-error; }
    """

    def __init__(
        self, kind: Kind, about: str, points: str, author: str, *, ask: bool, save: Save
    ) -> None:
        super().__init__()
        self.kind = kind
        self.about = about
        self.points = points
        self.author = author
        self.ask = ask
        self.save = save

    def compose(self) -> ComposeResult:
        override = self.kind == "override"
        with Vertical():
            what = "Set the points of" if override else "A comment for"
            yield Static(f"{what} {self.about}", classes="question", markup=False)
            more = (
                f"Now {self.points}. It counts until another one; none lifts the one before."
                if override
                else "It is in the feedback that they get. It can never be taken back."
            )
            yield Static(more, classes="more", markup=False)
            if override:
                yield Static("Points", classes="label")
                yield Input(id="points", compact=True)
            yield Static("Reason" if override else "Text", classes="label")
            yield Input(id="text", compact=True, max_length=4000)
            if self.ask:
                yield Static("Who says so", classes="label")
                yield Input(self.author, id="author", compact=True, max_length=200)
            yield Static(id="trouble")
            yield Static(
                Content.assemble(
                    ("⏎", "bold"), " next, then writes it   ", ("Esc", "bold"), " leaves"
                )
            )

    @on(Input.Submitted)
    def _onward(self, event: Input.Submitted) -> None:
        fields = list(self.query(Input))
        at = fields.index(event.input)
        while at + 1 < len(fields) and self.focused is fields[at + 1]:
            # Enter was hit again before the focus had moved.
            at += 1
        if at + 1 < len(fields):
            # At once: `Widget.focus` would do it when all that waits has been done.
            self.set_focus(fields[at + 1])
        else:
            self.action_save()

    def action_save(self) -> None:
        begin(self, self._save, "save")

    async def _save(self) -> None:
        text = self.query_one("#text", Input).value.strip()
        author = self.query_one("#author", Input).value.strip() if self.ask else self.author
        points: float | None = None
        if self.kind == "override":
            written = self.query_one("#points", Input).value.strip().replace(",", ".")
            if written.casefold() not in ("", "none"):
                try:
                    points = float(written)
                except ValueError:
                    self._mend("#points", f"{written!r} is no number of points.")
                    return
        if not text:
            self._mend("#text", "It needs words: say why.")
            return
        if not author:
            self._mend("#author", "It needs an author: say who you are.")
            return
        try:
            await self.save(self.kind, text, points, author)
        except InfralabError as error:
            self._mend("#text", f"{error.message}. {error.hint}")
            return
        self.dismiss(True)

    def _mend(self, field: str, why: str) -> None:
        self.query_one("#trouble", Static).update(Content(f"{shown(why)}\n"))
        self.query_one(field, Input).focus()
