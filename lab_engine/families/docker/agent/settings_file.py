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
