"""Settings that a learner may write: JSON, as far as it is what it should be."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

_LIMIT: Final = 64 * 1024


def read(path: Path) -> dict[str, Any]:
    """The object in a file; nothing for what is no such file, or holds something else."""
    with suppress(OSError, msgspec.DecodeError):
        # A pipe would keep the reader waiting.
        if path.is_file():
            with path.open("rb") as file:
                found = msgspec.json.decode(file.read(_LIMIT))
            if isinstance(found, dict):
                return found
    return {}


def fault(path: Path) -> str:
    """Why `read` finds no object: `no-settings`, `empty`, `not-json`; nothing when it does."""
    try:
        if not path.is_file():
            return "no-settings"
        with path.open("rb") as file:
            text = file.read(_LIMIT).strip()
    except OSError:
        return "no-settings"
    if not text:
        return "empty"
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return "not-json"
    return "" if isinstance(found, dict) else "not-json"
