"""How a learner wants the screens: the theme and the borders, kept from start to start."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from lab_engine.common import replacing

FILE: Final = "screens.json"


class Looks(msgspec.Struct):
    """`theme` is one of Textual's by name; shares are parts of the width and height, 0 for ours."""

    theme: str = ""
    columns: float = 0.0
    rows: float = 0.0


def load(folder: Path) -> Looks:
    """Those of the last time. What cannot be read is as if nothing had been chosen."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Looks)
    except (OSError, ValueError):
        return Looks()


def store(folder: Path, looks: Looks) -> None:
    """Keep them. A folder that cannot be written to only forgets them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replacing.write(folder / FILE, msgspec.json.encode(looks))
    except OSError:
        return
