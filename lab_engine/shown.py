"""Foreign text for a terminal: what files, guests, containers or an agent say, and nothing more.

A terminal obeys what is printed to it: a container's name could clear the screen, set the window's
title, or have the terminal type an answer into the learner's shell.
"""

from __future__ import annotations

import re
from typing import Final

PRINT_ONLY: Final = frozenset({"", "dumb", "unknown"})
"""Values of TERM of terminals that can only print, or say nothing of themselves (terminfo(5))."""
_SEQUENCE: Final = re.compile(
    # Strings first (OSC, DCS, SOS, PM, APC), then CSI, then the short escapes: ECMA-48, 5.3 to 5.6.
    # A string without an end is cut where it begins to be text again: at the end of its line.
    r"(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""All controls but tab and line feed, and those that turn the direction of writing."""
_UNPRINTABLE: Final = re.compile("[\ud800-\udfff]")
"""Bytes of a file's name that are no UTF-8, as Python keeps them: no terminal can be sent these."""
_ANY: Final = re.compile(f"{_CONTROL.pattern}|{_UNPRINTABLE.pattern}")


def shown(text: str) -> str:
    """The text without control sequences and controls; tabs and line ends stay."""
    if not _ANY.search(text):
        return text
    return _UNPRINTABLE.sub("\ufffd", _CONTROL.sub("", _SEQUENCE.sub("", text)))
