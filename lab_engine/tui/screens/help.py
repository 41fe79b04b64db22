"""Every key, and what the signs mean."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

KEYS: Final = (
    (
        "Everywhere in a lesson, in the shell too",
        (
            ("F2 F3 F4 F5", "go to the text, the shell, the open task, the picture"),
            ("F3 again", "the next shell, when several are open"),
            ("F5 again", "puts the picture away, where the screen is not wide enough for all"),
            ("F6", "show one pane alone, and back"),
            ("F7", "check now (the tasks are checked by themselves, too)"),
            ("F8", "the next step"),
            ("F9", "the next hint"),
            ("Shift+F7", "repair: start again what was stopped in the bench"),
            ("Shift+F8", "bring the step back to its start; asks first"),
            ("Shift+F9", "the step's solutions"),
            ("F1", "this page"),
            ("F10", "the menu: every action, every lesson, every shell"),
            ("F11", "another shell in the bench, in a tab"),
            ("F12", "the shell in the plain terminal; F12 comes back"),
        ),
    ),
    (
        "Outside the shell",
        (
            ("n  b", "next step, step before"),
            ("c  h  s  r  p", "check, hint, solution, reset, repair"),
            ("x", "stop making a step ready, or typing a solution"),
            ("Tab, Enter", "go to a block of commands, put it in the shell"),
            ("y", "copy a block of commands"),
            ("Ctrl+arrows", "move the borders between the panes; the mouse can drag them"),
            ("Escape", "back to the course; the bench goes on"),
        ),
    ),
    (
        "In the shell",
        (
            ("every other key", "goes to the shell"),
            ("wheel, Shift+PgUp", "look back; what you type brings you forward again"),
            ("drag the mouse", "copies what you mark"),
            ("Ctrl+]", "leaves the console of a virtual machine"),
            ("Esc, then a digit", "a function key, for programs such as mc"),
        ),
    ),
    (
        "Signs",
        (
            ("✔ done", "the task holds now"),
            ("○ to do", "as it was at the start"),
            ("✘ not yet", "something changed; the task says what is still missing"),
            ("… ", "waits for a task before it"),
            ("!", "could not be checked: not your fault"),
            ("● ○ ✱", "in the picture: it runs, it does not, it has just changed"),
        ),
    ),
)


class HelpScreen(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss", "Close")
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 78; max-width: 96%; height: auto; max-height: 94%; padding: 0 2;
        border: round $accent; background: $surface; border-title-style: bold;
    }
    HelpScreen Static { height: auto; }
    """

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = "Keys and signs"
            box.border_subtitle = "Escape closes this"
            for head, rows in KEYS:
                yield Static(Content.styled(f"\n{head}", "bold $text-accent"))
                for key, does in rows:
                    yield Static(Content.assemble((f"{key:<19}", "bold"), does))
            yield Static("")
