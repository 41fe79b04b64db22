"""A question with a few buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from lab_engine.tui.screens.dialog_box import Buttons, DialogBox


class Choice(ModalScreen[str | None]):
    """Asks, and returns the button's key; None for Escape. The first button is the safe one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Leave"),
    ]
    DEFAULT_CSS = """
    Choice { align: center middle; }
    Choice .question { text-style: bold; height: auto; }
    Choice .more { color: $text-muted; height: auto; margin: 0 0 1 0; }
    """

    def __init__(self, question: str, more: str, buttons: Mapping[str, str]) -> None:
        super().__init__()
        self.question = question
        self.more = more
        self.buttons = buttons

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Static(self.question, classes="question", markup=False)
            yield Static(self.more, classes="more", markup=False)
            with Buttons():
                for n, (key, label) in enumerate(self.buttons.items()):
                    variant = "default" if n == 0 else "primary"
                    yield Button(label, id=key, variant=variant, compact=True)  # type: ignore[arg-type]

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id)
