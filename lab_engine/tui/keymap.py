"""The keys that work in every pane of a lesson, as the learner wants them.

They are set in `config.toml`, one line an action:

    [keys]
    check = "f5"
    picture = "ctrl+t"

What is said on the screen to press is said by `Keymap.said`, so that it works.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from lab_engine.errors import UsageError

DEFAULTS: Final = {
    "help": "f1",
    "text": "f2",
    "shell": "f3",
    "task": "f4",
    "picture": "f5",
    "zoom": "f6",
    "check": "f7",
    "next": "f8",
    "hint": "f9",
    "menu": "f10",
    "another_shell": "f11",
    # What a terminal without Kitty's protocol sends with Shift is F19, F20, F21 (xterm).
    "repair": "shift+f7,f19",
    "reset": "shift+f8,f20",
    "solution": "shift+f9,f21",
}
"""Textual's name of the key for each action; of several the first is shown."""
_KEY: Final = re.compile(r"(?:(?:ctrl|alt|shift)\+)*(?:f(?:[1-9]|1\d|2[0-4])|[a-z0-9])")
_TAKEN: Final = re.compile(r"(?:shift\+)?[a-z0-9]|f12|ctrl\+[cdhijmqz]")
"""Letters and what a shell cannot do without; Ctrl+I is Tab to a terminal, Ctrl+M is Enter."""


class Keymap:
    """The key of each action.

    Args:
        given: keys by action, as `config.toml` has them.

    Raises UsageError for an action that is none, a key that is none or is needed by the shell, and
    one key for two actions.

    Example::

        >>> Keymap({"check": "ctrl+k"}).said("check")
        'Ctrl+K'
        >>> Keymap().said("repair")
        'Shift+F7'
    """

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self.given = {action: key.strip().lower() for action, key in (given or {}).items()}
        self._keys = DEFAULTS | self.given
        for action, key in self.given.items():
            self._verify(action, key)

    def _verify(self, action: str, key: str) -> None:
        asked = f"[keys] has {action} = {key!r}"
        if action not in DEFAULTS:
            raise UsageError(
                f"{asked}, and there is no such action", hint=f"There are {', '.join(DEFAULTS)}."
            )
        if not _KEY.fullmatch(key):
            raise UsageError(
                f"{asked}, which is no key", hint="Such as f5, shift+f5, ctrl+k or alt+k."
            )
        if _TAKEN.fullmatch(key):
            raise UsageError(
                f"{asked}, a key that the shell needs", hint="Take a function key, or one with Alt."
            )
        for other, its in self._keys.items():
            if other != action and key in its.split(","):
                raise UsageError(
                    f"{asked}, which is the key of {other}, too",
                    hint=f"Take another one, or give {other} another one.",
                )

    def said(self, action: str) -> str:
        """The key of an action in words for the learner."""
        return shown(self._keys[action])


def shown(key: str) -> str:
    """Textual's name of a key as people write it.

    >>> shown("shift+f7,f19")
    'Shift+F7'
    """
    return "+".join(part.capitalize() for part in key.partition(",")[0].split("+"))
