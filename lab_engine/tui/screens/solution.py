"""The solutions of a step. Doing one counts as given, not earned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from lab_engine.course.lab import Solution, Variables
from lab_engine.tui.screens.dialog_box import Buttons, DialogBox


class SolutionScreen(ModalScreen[str | None]):
    """Shows each solution; returns the name of the one to do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Leave"),
    ]
    # The safe one has the focus; the next key goes to the first solution.
    AUTO_FOCUS = "#close"
    DEFAULT_CSS = """
    SolutionScreen { align: center middle; }
    SolutionScreen DialogBox { width: 84; }
    SolutionScreen .head { height: auto; }
    SolutionScreen .name { text-style: bold; color: $text-accent; height: auto; width: 1fr; }
    SolutionScreen .commands {
        height: auto; margin: 0 0 1 0; padding: 0 1; background: $surface-lighten-1;
    }
    SolutionScreen .more { color: $text-muted; height: auto; margin: 0 0 1 0; }
    """

    def __init__(self, solutions: Sequence[Solution], variables: Variables | None) -> None:
        super().__init__()
        self.solutions = solutions
        self.variables = variables

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Static(
                "Typing a solution yourself is the better way to learn. When it is typed for you, "
                "its points count as given, not earned.",
                classes="more",
            )
            for n, solution in enumerate(self.solutions):
                with Horizontal(classes="head"):
                    yield Static(solution.name, classes="name", markup=False)
                    yield Button("Do it for me", id=f"do-{n}", variant="primary", compact=True)
                commands = "\n".join(solution.script(self.variables))
                yield Static(Content(commands), classes="commands")
            with Buttons():
                yield Button("Close", id="close", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        kind, _, number = (event.button.id or "").partition("-")
        self.dismiss(self.solutions[int(number)].name if kind == "do" else None)
