"""Work that two learners share: named, shown side by side, with how sure that is.

    certain   the same recording; or the same lines with the same pauses between the keys
    likely    values that only the other one's seed draws; or files that nobody else has
    perhaps   nearly the same lines in the same order, among them some that few others typed

Nothing of it takes points: a person looks. Learners who sat together have the same lines, too.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final, Literal

import msgspec

from lab_engine.common import digest
from lab_engine.grading.insight.typed import Line, lines, neutral
from lab_engine.grading.submission.handed import Submission

Sure = Literal["certain", "likely", "perhaps"]
ORDER: Final = ("certain", "likely", "perhaps")
FEWEST_LINES: Final = 8
"""Below it two honest learners easily type the same."""
ALIKE: Final = 0.9
COMMON: Final = 0.4
"""What so large a part of the class has is the lesson's own, not somebody's."""
SAME_PAUSE: Final = 0.05
"""Seconds: nobody types twice with pauses this much alike."""
SMALLEST_FILE: Final = 24
SHORTEST_VALUE: Final = 4
MOST_PLACES: Final = 10


class Place(msgspec.Struct, frozen=True):
    """One piece of both, side by side."""

    mine: str
    theirs: str


class Copy(msgspec.Struct, frozen=True):
    """Two learners and what they share, the surest reason."""

    one: str
    other: str
    sure: Sure
    why: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """A submission prepared: its lines, neutral ones, its recordings' and files' hashes."""

    learner: str
    values: Mapping[str, str]
    lines: tuple[Line, ...]
    neutral: tuple[str, ...]
    recordings: frozenset[str]
    files: Mapping[str, str]


def work(submission: Submission, values: Mapping[str, str]) -> Work:
    """`values` are those that the learner's seed draws, by name, for all lessons of it."""
    typed = tuple(lines(submission.parts))
    return Work(
        submission.manifest.learner,
        values,
        typed,
        tuple(neutral(line.text, values) for line in typed),
        frozenset(
            digest.of_bytes(data) for part in submission.parts for data in part.casts.values()
        ),
        {
            sha256: path
            for part in submission.parts
            for path, sha256 in part.past.work.items()
            if len(part.files[sha256]) >= SMALLEST_FILE
        },
    )


def copies(class_work: Sequence[Work]) -> list[Copy]:
    """Every pair that shares something, the surest first."""
    size = len({one.learner for one in class_work})
    typed = Counter(text for one in class_work for text in set(one.neutral))
    files = Counter(sha256 for one in class_work for sha256 in one.files)
    learners = {one.learner: one for one in class_work}
    drawn = Counter(value for one in learners.values() for value in set(one.values.values()))
    found = []
    for one, other in combinations(class_work, 2):
        if one.learner == other.learner:
            continue
        copy = (
            _same_recording(one, other)
            or _same_pauses(one, other)
            or _values(one, other, drawn)
            or _files(one, other, files, size)
            or _alike(one, other, typed, size)
        )
        if copy:
            found.append(copy)
    return sorted(found, key=lambda copy: (ORDER.index(copy.sure), copy.one, copy.other))


def _rare(count: int, size: int) -> bool:
    """Whether two have it, and hardly anybody else."""
    return count <= max(2, size * COMMON)


def _same_recording(one: Work, other: Work) -> Copy | None:
    if not one.recordings & other.recordings:
        return None
    return Copy(one.learner, other.learner, "certain", "the same recording, byte for byte", ())


def _same_pauses(one: Work, other: Work) -> Copy | None:
    if one.neutral != other.neutral or len(one.lines) < FEWEST_LINES:
        return None
    mine, theirs = ([b.at - a.at for a, b in pairwise(work.lines)] for work in (one, other))
    if any(abs(a - b) > SAME_PAUSE for a, b in zip(mine, theirs, strict=True)):
        return None
    why = f"the same {len(one.lines)} lines with the same pauses between them"
    return Copy(one.learner, other.learner, "certain", why, _places(one, other, range(MOST_PLACES)))


def _values(one: Work, other: Work, drawn: Mapping[str, int]) -> Copy | None:
    """Values that one typed and of the whole class only the other one's seed draws."""
    for mine, theirs in ((one, other), (other, one)):
        foreign = {
            value
            for value in theirs.values.values()
            if len(value) >= SHORTEST_VALUE and drawn[value] == 1
        } - set(mine.values.values())
        hits = [
            (line.text, value)
            for line in mine.lines
            for value in sorted(foreign)
            if neutral(line.text, {"theirs": value}) != line.text
        ]
        if hits:
            typed = sorted({value for _, value in hits})
            why = f"{mine.learner} typed values of {theirs.learner}'s seed: {', '.join(typed)}"
            places = tuple(Place(text, value) for text, value in hits[:MOST_PLACES])
            # A single one, such as a port, may be tried by chance.
            sure: Sure = "likely" if len(typed) > 1 else "perhaps"
            return Copy(mine.learner, theirs.learner, sure, why, places)
    return None


def _files(one: Work, other: Work, files: Mapping[str, int], size: int) -> Copy | None:
    shared = [
        sha256 for sha256 in one.files if sha256 in other.files and _rare(files[sha256], size)
    ]
    if not shared:
        return None
    places = tuple(Place(one.files[key], other.files[key]) for key in shared[:MOST_PLACES])
    why = f"{len(shared)} file{'s' * (len(shared) > 1)} of the work folder with the same content"
    return Copy(one.learner, other.learner, "likely", why, places)


def _alike(one: Work, other: Work, typed: Mapping[str, int], size: int) -> Copy | None:
    rare = {text for text in set(one.neutral) & set(other.neutral) if _rare(typed[text], size)}
    if len(one.neutral) < FEWEST_LINES or len(rare) < 2:
        return None
    # Cheap bounds first: in a class of 300 there are 45,000 pairs (difflib, SequenceMatcher).
    matcher = difflib.SequenceMatcher(None, one.neutral, other.neutral, autojunk=False)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return None
    ratio = matcher.ratio()
    if ratio < ALIKE:
        return None
    why = f"{ratio:.0%} of the lines are the same in the same order, {len(rare)} of them rare"
    at = [n for n, text in enumerate(one.neutral) if text in rare]
    places = tuple(
        Place(one.lines[n].text, other.lines[other.neutral.index(one.neutral[n])].text)
        for n in at[:MOST_PLACES]
    )
    return Copy(one.learner, other.learner, "perhaps", why, places)


def _places(one: Work, other: Work, which: range) -> tuple[Place, ...]:
    pairs = list(zip(one.lines, other.lines, strict=False))
    return tuple(Place(pairs[n][0].text, pairs[n][1].text) for n in which if n < len(pairs))
