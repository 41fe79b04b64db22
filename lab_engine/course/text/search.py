"""The words of a text for searching, read as it is written: no lab is imported for them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_HINT: Final = re.compile(r"^::: hint\b.*?^:::\s*$", re.MULTILINE | re.DOTALL)
_FRONT: Final = re.compile(r"\A\+\+\+\n.*?^\+\+\+\n", re.MULTILINE | re.DOTALL)
_ANSWER: Final = re.compile(r"^- \[.\].*$", re.MULTILINE)


def searchable(path: Path) -> str:
    """A step's file in lower case, without its head, hints and answers. Empty when unreadable."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return ""
    for part in (_FRONT, _HINT, _ANSWER):
        text = part.sub("", text)
    return text.casefold()
