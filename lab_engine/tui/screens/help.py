"""Every key, and what the signs mean."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from lab_engine.tui.keymap import Keymap

Rows = tuple[tuple[str, str], ...]
EVERYWHERE: Final = "Everywhere in a lesson, in the shell too"


def everywhere(keymap: Keymap) -> Rows:
    """The keys that work in every pane, as the learner has them."""
    said = keymap.said
    panes = " ".join(said(name) for name in ("text", "shell", "task", "picture"))
    return (
        (panes, "go to the text, the shell, the open task, the picture"),
        (f"{said('shell')} again", "the next shell, when several are open"),
        (
            f"{said('picture')} again",
            "puts the picture away, where the screen is not wide enough for all",
        ),
        (said("zoom"), "show one pane alone, and back"),
        (said("check"), "check now (the tasks are checked by themselves, too)"),
        (said("next"), "the next step"),
        (said("hint"), "the next hint"),
        (said("repair"), "repair: start again what was stopped in the bench"),
        (said("reset"), "bring the step back to its start; asks first"),
        (said("solution"), "the step's solutions"),
        (said("help"), "this page"),
        (said("menu"), "the menu: every action, every lesson, every shell"),
        (said("another_shell"), "another shell in the bench, in a tab"),
        ("F12", "the shell in the plain terminal; F12 comes back"),
    )


KEYS: Final = (
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

    def __init__(self, keymap: Keymap) -> None:
        super().__init__()
        self.keymap = keymap

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = "Keys and signs"
            box.border_subtitle = "Escape closes this"
            for head, rows in ((EVERYWHERE, everywhere(self.keymap)), *KEYS):
                yield Static(Content.styled(f"\n{head}", "bold $text-accent"))
                for key, does in rows:
                    yield Static(Content.assemble((f"{key:<19}", "bold"), does))
            yield Static("")
