"""The keys of the instructor's screens, and what the signs mean."""

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
        "In every list",
        (
            ("↑ ↓ PgUp PgDn", "go to a line; Enter opens it"),
            ("Ctrl+↑ Ctrl+↓  [ ]", "scroll what is told of it; Tab goes there"),
            ("r", "read again"),
            ("Escape", "back"),
            ("F10", "the menu, with the themes"),
        ),
    ),
    (
        "The class",
        (
            ("/", "search for words; Enter keeps it"),
            ("f  F", "the next filter, the one before"),
            ("s  S", "sort by something else; the other way round"),
            ("Escape", "the whole class again, as in its list"),
            ("t  l", "the tasks over the class; who is at work now"),
        ),
    ),
    (
        "One learner",
        (
            ("p", "the recorded terminal"),
            ("c  o", "a comment, an override of the points"),
            ("n  b", "the next learner of the list, the one before"),
        ),
    ),
    (
        "The recorded terminal",
        (
            ("Space", "play, pause"),
            ("+  -", "faster, slower"),
            ("n  b  → ←", "to the next command, to the one before"),
            ("v  V", "to the next verdict, to the one before"),
            ("Home End", "to the start, to the end"),
            ("m", "the list of places; Enter goes to one"),
            ("Tab", "another terminal, when there are several"),
        ),
    ),
    (
        "Signs",
        (
            ("✔ ✘ ? ✎ ·", "reproduced, diverged, not replayable, overridden, nothing"),
            ("✔ ✘ ○ ◇ ! ?  tasks", "done, not right, not done, given, no check, not looked at"),
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
        width: 90; max-width: 98%; height: auto; max-height: 94%; padding: 0 2;
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
                    yield Static(Content.assemble((f"{key:<20}", "bold"), does))
            yield Static("")
