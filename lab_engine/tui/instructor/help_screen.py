"""The keys of the instructor's screens, and what the signs mean."""

from __future__ import annotations

from typing import Final

from lab_engine.tui.screens.keys import KeysScreen

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


class HelpScreen(KeysScreen):
    """Those of the instructor's screens."""

    DEFAULT_CSS = """
    HelpScreen > VerticalScroll { width: 90; max-width: 98%; }
    """

    def __init__(self) -> None:
        super().__init__(KEYS, column=20)
