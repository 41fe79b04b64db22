"""Every key, and what the signs mean."""

from __future__ import annotations

from typing import Final

from lab_engine.tui.keymap import Keymap
from lab_engine.tui.screens.keys import KeysScreen, Rows

EVERYWHERE: Final = "Everywhere in a lesson, in the shell too"


def everywhere(keymap: Keymap) -> Rows:
    """The keys that work in every pane, as the learner has them."""
    said = keymap.said
    panes = " ".join(said(name) for name in ("text", "shell", "task", "picture"))
    return (
        (panes, "go to the text, the shell, the open task, the picture"),
        (f"{said('shell')} again", "the next shell, when several are open"),
        (f"{said('picture')} again", "puts the picture away, where it takes room"),
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
            ("a letter, a digit", "begins a command: it goes to the shell, and you with it"),
            ("Ctrl+C", "while a step is made or a solution typed: stops that"),
            ("Ctrl+P", "the menu, for terminals without function keys"),
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
        "Over a block of code",
        (
            ("when … done", "commands for the shell, once these tasks are done"),
            ("a part of the task", "commands for the shell, in the task beside them"),
            ("to read", "nothing to type: an example, or lines of a file"),
            ("↳", "the line above goes on: this is no new command"),
        ),
    ),
    (
        "Signs",
        (
            ("✔ done", "the task holds now"),
            ("○ to do", "as it was at the start"),
            ("✘ not yet", "something changed; the task says what is missing"),
            ("… ", "waits for a task before it"),
            ("!", "could not be checked: not your fault"),
            ("● ○ ✱", "in the picture: it runs, does not, has just changed"),
        ),
    ),
)


class HelpScreen(KeysScreen):
    """Those of the learner's screens, as the learner has them."""

    def __init__(self, keymap: Keymap) -> None:
        super().__init__(((EVERYWHERE, everywhere(keymap)), *KEYS), column=19)
