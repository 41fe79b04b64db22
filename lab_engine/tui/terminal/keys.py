"""Keys as Textual names them, as the emulator wants them."""

from __future__ import annotations

import string
import unicodedata
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
_RENAMED: Final = {
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "low_line": "underscore",
    "plus_sign": "plus",
    "reverse_solidus": "backslash",
    "solidus": "slash",
}
"""Where Textual's name of a character is not Unicode's."""


def name_of(character: str) -> str:
    """A printable character as Textual names its key: `full_stop`, `shift+b`, `7`."""
    if character.isupper() and character.isascii():
        return f"shift+{character.lower()}"
    if character.isalnum():
        return character
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _RENAMED.get(name, name)


_WORDS: Final = {name_of(character): character for character in string.punctuation}


def split(key: str) -> tuple[str, frozenset[str]]:
    """`ctrl+shift+up` as the key and what is held with it."""
    *held, name = key.split("+")
    return (name or "+"), frozenset(h for h in held if h in _HELD)


def translate(key: str, character: str | None) -> tuple[str, frozenset[str], str] | None:
    """The emulator's name of a key, what is held with it, and the text it types.

    None for a key that no program knows.
    """
    name, held = split(key)
    if character and len(character) > 1 and character[0] == "\x1b":
        # What was typed is another key to Textual (`typed`).
        return character[1:], frozenset({"alt"}), ""
    if name in NAMED:
        return NAMED[name], held, " " if name == "space" and not held else ""
    if name.startswith("f") and name[1:].isdecimal():
        return name, held, ""
    if "ctrl" in held or "alt" in held:
        plain = _WORDS.get(name, name)
        if held == {"alt", "shift"}:
            plain, held = plain.upper(), held - {"shift"}
        return (plain, held, "") if len(plain) == 1 else None
    # Shift is in the character already.
    if character and character.isprintable():
        return character, frozenset(), character
    return None
