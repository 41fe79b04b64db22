"""The solutions of a step. Doing one counts as given, not earned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from lab_engine.course.lab import Solution, Variables


class SolutionScreen(ModalScreen[str | None]):
    """Shows each solution; returns the name of the one to do."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Leave")]
    DEFAULT_CSS = """
    SolutionScreen { align: center middle; }
    SolutionScreen > Vertical {
        width: 84; max-width: 95%; height: auto; max-height: 90%; padding: 1 2;
        border: round $accent; background: $surface;
    }
    SolutionScreen VerticalScroll { height: auto; max-height: 30; }
    SolutionScreen .name { text-style: bold; color: $text-accent; height: auto; }
    SolutionScreen .commands {
        height: auto; margin: 0 0 1 0; padding: 0 1; background: $surface-lighten-1;
    }
    SolutionScreen .more { color: $text-muted; height: auto; margin: 0 0 1 0; }
    SolutionScreen Horizontal { height: auto; align-horizontal: right; }
    SolutionScreen Button { margin: 0 0 0 2; }
    """

    def __init__(self, solutions: Sequence[Solution], variables: Variables | None) -> None:
        super().__init__()
        self.solutions = solutions
        self.variables = variables

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(
                "Typing a solution yourself is the better way to learn. When it is typed for you, "
                "its points count as given, not earned.",
                classes="more",
            )
            with VerticalScroll():
                for solution in self.solutions:
                    yield Static(solution.name, classes="name", markup=False)
                    commands = "\n".join(solution.script(self.variables))
                    yield Static(Content(commands), classes="commands")
            with Horizontal():
                yield Button("Close", id="close", compact=True)
                for n, solution in enumerate(self.solutions):
                    label = "Do it for me" if len(self.solutions) == 1 else f"Do “{solution.name}”"
                    yield Button(label, id=f"do-{n}", variant="primary", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        kind, _, number = (event.button.id or "").partition("-")
        self.dismiss(self.solutions[int(number)].name if kind == "do" else None)
