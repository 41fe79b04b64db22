"""What was seen of each step when it was last proven, kept beside the texts: `proven.json`.

With it `infralab syllabus` needs no bench, and `infralab prove --changed` knows what is left to do.
A step's note holds as long as its edition (`course.edition`) is what it was.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from lab_engine.common import replacing
from lab_engine.course import edition
from lab_engine.errors import ContentError

if TYPE_CHECKING:
    from lab_engine.course.lesson import Lesson, Step

FILE: Final = "proven.json"
SEEDS: Final = ("proof", "3", "7")
"""With which a step is wanted proven: what one seed draws may hide a fault.

Solutions are tried with a line left out with the first of them alone (`proof.run.prove_lesson`).
"""

ProofState = Literal["real", "parsed", "stale", "unproven"]
"""What is known of a step: its checks saw a real change, or only files that were written; its note
is of another text or lab; or there is none."""


class StepChanges(msgspec.Struct, frozen=True):
    """The kinds of probes, by name and sorted, whose answer the step's solution changed."""

    step: str
    real: tuple[str, ...] = ()
    parsed: tuple[str, ...] = ()


class Note(msgspec.Struct, frozen=True):
    """What was seen of a step; `edition` is what it was then.

    `seeds` are those with which every case of it was good: near misses, all solutions and, with
    the first of `SEEDS`, lines left out. None when only its first solution was walked.
    """

    edition: str
    real: tuple[str, ...] = ()
    parsed: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()


class Proven:
    """The notes of a course, by lesson and step."""

    def __init__(self, notes: Mapping[str, Mapping[str, Note]]) -> None:
        self.notes = {lesson: dict(steps) for lesson, steps in notes.items()}

    def state(self, lesson: Lesson, step: Step) -> ProofState:
        """Raises ContentError when the lesson's lab cannot be imported."""
        note = self.notes.get(lesson.slug, {}).get(step.name)
        if note is None:
            return "unproven"
        if note.edition != edition.of_step(lesson, step):
            return "stale"
        return "real" if note.real else "parsed"

    def seeds(self, lesson: Lesson, step: Step) -> tuple[str, ...]:
        """The seeds with which a step is proven whole as it is now. Raises ContentError."""
        note = self.notes.get(lesson.slug, {}).get(step.name)
        return note.seeds if note and note.edition == edition.of_step(lesson, step) else ()

    def add(
        self,
        lesson: Lesson,
        seen: Iterable[StepChanges],
        editions: Mapping[str, str],
        seed: str = "",
        whole: Iterable[str] = (),
    ) -> None:
        """Take new notes, and drop those of steps that the lesson has no more.

        `editions` are those that were proven, as `editions` gave them before; `whole` the steps of
        which every case was good with `seed`.
        """
        old = self.notes.get(lesson.slug, {})
        new = {}
        for one in seen:
            note = old.get(one.step)
            now = editions[one.step]
            seeds = set(note.seeds) if note and note.edition == now else set()
            seeds |= {seed} if one.step in whole else set()
            new[one.step] = Note(now, one.real, one.parsed, tuple(sorted(seeds)))
        kept = old | new
        names = [step.name for step in lesson.steps if step.name in kept]
        if names:
            self.notes[lesson.slug] = {name: kept[name] for name in names}


def editions(lesson: Lesson) -> dict[str, str]:
    """The edition of each step that has a lab, as it is now."""
    return {step.name: edition.of_step(lesson, step) for step in lesson.steps if step.lab_step}


def record(
    lesson: Lesson,
    seen: Iterable[StepChanges],
    editions: Mapping[str, str],
    seed: str = "",
    whole: Iterable[str] = (),
    *,
    content: Path,
) -> None:
    """Add to the notes in the folder `content` (`Proven.add`). Several proofs may do so at once.

    Raises ContentError.
    """
    handle = os.open(content, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # The folder and not the file, in whose place another one comes; gone with its process.
        fcntl.flock(handle, fcntl.LOCK_EX)
        notes = load(content)
        notes.add(lesson, seen, editions, seed, whole)
        store(content, notes)
    finally:
        os.close(handle)


def load(content: Path) -> Proven:
    """The notes of the course in that folder; none when there is no such file.

    Raises ContentError when it cannot be read.
    """
    try:
        data = (content / FILE).read_bytes()
        return Proven(msgspec.json.decode(data, type=dict[str, dict[str, Note]]))
    except FileNotFoundError:
        return Proven({})
    except (OSError, ValueError) as error:
        raise ContentError(
            f"cannot be read: {error}",
            where=f"content/{FILE}",
            hint="Remove it and record it again: `infralab prove --walk --record`.",
        ) from error


def store(content: Path, proven: Proven) -> None:
    """Write the notes, lessons in order. Raises ContentError."""
    notes = {slug: proven.notes[slug] for slug in sorted(proven.notes)}
    data = msgspec.json.format(msgspec.json.encode(notes), indent=2) + b"\n"
    try:
        replacing.write(content / FILE, data, durable=True)
    except OSError as error:
        raise ContentError(
            f"cannot be written: {error}",
            where=f"content/{FILE}",
            hint="Record in a clone of infralab that you may write to.",
        ) from error
