"""What a baseline keeps of the watched folders, brings back, and puts away for the learner."""

from __future__ import annotations

from pathlib import Path

from lab_engine.families.files.agent import away, watched
from lab_engine.families.files.agent.away import put_away
from lab_engine.families.files.agent.watched import snapshot

__all__ = ["put_away", "restore", "snapshot"]


def restore(folder: Path, spare: bool) -> None:
    """As it was; with `spare` the learner's own files in the home folder stay as they are."""
    watched.restore(folder, away.stays if spare else None)
