"""What a baseline keeps of the watched folders, brings back, and puts away for the learner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from lab_engine.families.family import Spare
from lab_engine.families.files.agent import away, watched
from lab_engine.families.files.agent.away import put_away
from lab_engine.families.files.agent.watched import HOME, Entry, snapshot

__all__ = ["put_away", "restore", "snapshot"]


_SPARED: Final[dict[Spare, Callable[[str, dict[str, Entry]], bool] | None]] = {
    "nothing": None,
    "own": away.stays,
    "home": lambda path, now: path == HOME or path.startswith(f"{HOME}/"),
}


def restore(folder: Path, spare: Spare) -> None:
    """As it was, but for what is spared."""
    watched.restore(folder, _SPARED[spare])
