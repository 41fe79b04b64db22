"""Keys as Textual names them, as the emulator wants them."""

from __future__ import annotations

from typing import Final

NAMED: Final = {
    "space": " ",
    "escape": "escape",
    "enter": "enter",
    "tab": "tab",
    "backspace": "backspace",
    "up": "up",
    "down": "down",
    "left": "left",
    "right": "right",
    "home": "home",
    "end": "end",
    "pageup": "pageup",
    "pagedown": "pagedown",
    "insert": "insert",
    "delete": "delete",
}
_HELD: Final = ("ctrl", "shift", "alt", "meta")
_WORDS: Final = {
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "backslash": "\\",
    "circumflex_accent": "^",
    "underscore": "_",
    "at": "@",
    "slash": "/",
    "minus": "-",
    "question_mark": "?",
}


def split(key: str) -> tuple[str, frozenset[str]]:
    """`ctrl+shift+up` as the key and what is held with it."""
    *held, name = key.split("+")
    return (name or "+"), frozenset(h for h in held if h in _HELD)


def translate(key: str, character: str | None) -> tuple[str, frozenset[str], str] | None:
    """The emulator's name of a key, what is held with it, and the text it types.

    None for a key that no program knows.
    """
    name, held = split(key)
    if name in NAMED:
        return NAMED[name], held, " " if name == "space" and not held else ""
    if name.startswith("f") and name[1:].isdecimal():
        return name, held, ""
    if "ctrl" in held or "alt" in held:
        plain = _WORDS.get(name, name)
        return (plain, held, "") if len(plain) == 1 else None
    # Shift is in the character already.
    if character and character.isprintable():
        return character, frozenset(), character
    return None
