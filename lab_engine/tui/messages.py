"""Messages that cross modules."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from lab_engine.tui.phase import Change


@dataclass
class DeskChanged(Message, bubble=False):
    """Something at the desk is other than before; whoever hears of it looks there."""

    change: Change
