"""What a terminal sends for keys with Alt, kept for the shell.

A terminal sends ESC and the key (xterm's metaSendsEscape). Textual takes some of these for other
keys, as iTerm's natural editing has them, and of the rest it drops the Alt: `Alt+.` would type a
full stop.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver

from lab_engine.tui.terminal.keys import name_of

ESCAPE: Final = "\x1b"
_LONGER: Final = "[O]P"
"""What may go on after ESC: CSI, SS3, OSC, DCS."""
_NAMED: Final = {"\r": "enter", "\x7f": "backspace"}
_MOVES: Final = {"b": "ctrl+left", "f": "ctrl+right"}
"""By a word, in Textual's inputs. The shell sees by the character what was really typed."""


class TypedParser(XTermParser):
    """Textual's parser, with the keys that somebody held Alt for."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        typed = ESCAPE + sequence if alt else sequence
        key = typed[1:]
        # What may go on is Alt's only after a moment's wait, which is when `alt` is set.
        if typed[0] == ESCAPE and len(key) == 1 and (alt or key not in _LONGER):
            if move := _MOVES.get(key):
                yield events.Key(move, typed)
                return
            if name := _NAMED.get(key) or (name_of(key) if key.isprintable() else ""):
                yield events.Key(f"alt+{name}", None)
                return
        yield from super()._sequence_to_key_events(sequence, alt)


def install() -> None:
    """Have Textual's driver read keys so. It names its parser in its module, and nowhere else."""
    vars(linux_driver)["XTermParser"] = TypedParser
