"""Messages that cross modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from lab_engine.tui.phase import Change

if TYPE_CHECKING:
    from lab_engine.course.lesson import Lesson


@dataclass
class DeskChanged(Message, bubble=False):
    """Something at the desk is other than before; whoever hears of it looks there."""

    change: Change


@dataclass
class LessonWanted(Message):
    """The learner wants a lesson: the application opens it where it was left, or begins it.

    With `anew` it begins on a fresh bench, once the learner has agreed. `steal` and `look_on` are
    for a session in which another client works: cut it off, or only look on.
    """

    lesson: Lesson
    step: str | None = None
    anew: bool = False
    steal: bool = False
    look_on: bool = False


@dataclass
class LessonLikely(Message):
    """The cursor is on a lesson that could be begun here next."""

    lesson: Lesson


@dataclass
class BordersMoved(Message):
    """The learner moved a border between panes: parts of the width and height, 0 for ours."""

    columns: float
    rows: float
