"""Packs of later lessons: offered to the learner once, built beside their work if they agree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from lab_engine.common import replacing
from lab_engine.course.lesson import Lesson, load_course
from lab_engine.errors import InfralabError
from lab_engine.packs import image
from lab_engine.settings import Settings

OFFERED: Final = "packs-offered"
"""The file with the names of packs that were offered, one a line, in the learner's folder."""
BEGUN: Final[list[subprocess.Popen[bytes]]] = []
"""Python warns of a process that nobody holds, and these may outlive us."""


class Offer(msgspec.Struct, frozen=True):
    """What could be prepared: the title of the lesson, its packs, what they cost.

    `wanted` are all that the lesson wants together, also those that are there by themselves.
    """

    lesson: str
    names: tuple[str, ...]
    cost: str
    wanted: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        many = "the packs" if len(self.names) > 1 else "the pack"
        return f"“{self.lesson}” needs {many} {', '.join(self.names)}: {self.cost}"


def find(after: Lesson, settings: Settings) -> Offer | None:
    """The first later lesson with packs that are neither built nor were offered; None if none.

    What stands against looking is no reason to disturb the learner: then it is None, too.
    """
    try:
        lessons = load_course().lessons
        told = _told(settings)
        place = [lesson.slug for lesson in lessons].index(after.slug)
        for lesson in lessons[place + 1 :]:
            if not lesson.packs:
                continue
            absent = image.missing(lesson.packs)
            if absent is not None and not set(absent.names) <= told:
                return Offer(lesson.title, absent.names, absent.cost, absent.wanted)
    except (InfralabError, OSError, ValueError):
        return None
    return None


def remember(offer: Offer, settings: Settings) -> None:
    """Note that this was offered, so that it is not again. What cannot be noted is offered anew."""
    try:
        names = sorted(_told(settings) | set(offer.names))
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with replacing.file(settings.data_dir / OFFERED) as fresh:
            fresh.write_text("".join(f"{name}\n" for name in names))
    except OSError:
        return


def prepare(offer: Offer, settings: Settings) -> Path:
    """Begin to build in a process of its own, which goes on when this one ends; returns its log.

    Raises OSError.
    """
    folder = settings.data_dir / "log"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "packs-ahead.log"
    names = offer.wanted or offer.names
    words = [sys.executable, "-m", "lab_engine", "setup", "--packs", *names]
    with path.open("w") as log:
        begun = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    BEGUN.append(begun)
    return path


def _told(settings: Settings) -> set[str]:
    try:
        return set((settings.data_dir / OFFERED).read_text().split())
    except FileNotFoundError:
        return set()
