"""What a submission says of itself, and what its record is: plain data, read strictly.

Everything in here is what a learner's machine says. It is evidence; the proof is the replay.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.session.record import Moment, PastVerdict, SessionRow

KIND: Final = "infralab submission"
VERSION: Final = 1

# `\Z`: a `$` lets a line feed pass (re, "Regular Expression Syntax").
Slug = Annotated[str, Meta(pattern=r"\A[a-z0-9]+(?:-[a-z0-9]+)*\Z", max_length=80)]
LearnerId = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._@+-]*\Z", max_length=80)]
Id = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9-]*\Z", max_length=80)]
"""Of a task or a question."""
SeedValue = Annotated[str, Meta(pattern=r"\A[^\x00-\x1f\x7f-\x9f]+\Z", max_length=200)]
Word = Annotated[str, Meta(pattern=r"\A[\w.@+-]*\Z", max_length=80)]
Hash = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
ShortHash = Annotated[str, Meta(pattern=r"\A[0-9a-f]{12,64}\Z|\Aunknown\Z")]
Time = Annotated[float, Meta(ge=0, le=4_102_444_800)]
"""In seconds since 1970, until the year 2100."""
Text = Annotated[str, Meta(max_length=2000)]
Mode = Literal["practice", "assessed"]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One lesson of a submission.

    `edition` is the lesson's when it was recorded, `checkers` that of each step when it was handed
    in, `packs` the digest of each pack's recipe. `work` says why there are no files of the work
    folder, `left_out` which of them were left out, and why, by their quoted path.
    """

    lesson: Slug
    session: Word
    seed: SeedValue
    mode: Mode
    edition: ShortHash
    checkers: dict[Slug, ShortHash]
    packs: dict[Slug, ShortHash] = {}
    work: Text = ""
    left_out: dict[Text, Text] = {}


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first member. `program` is infralab's version, `image` the recipe hash of its bench."""

    kind: Literal["infralab submission"]
    version: Literal[1]
    made: Time
    program: Word
    learner: LearnerId
    course: Hash
    image: ShortHash
    parts: Annotated[tuple[Part, ...], Meta(min_length=1, max_length=100)]
    assignment: Word = ""


class Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A verdict with its evidence, as the learner was told it."""

    at: Time
    step: Slug
    task: Id
    outcome: Outcome
    given: bool
    verdict: Verdict | None


class Happened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """See `session.record.Moment`."""

    at: Time
    what: Literal["enter", "reset", "solve", "type", "typed"]
    step: Slug


class Hinted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    at: Time
    step: Slug
    task: Id
    number: Annotated[int, Meta(ge=1, le=100)]


class Answered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    at: Time
    step: Slug
    question: Id
    answer: Text
    correct: bool


class Past(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The record of one session. `work` maps the quoted paths of files to their SHA-256.

    It is read as `session.record.Record` is where a replay asks for what happened.
    """

    began: Time
    touched: Time
    ended: Time | None
    happened: tuple[Happened, ...]
    verdicts: tuple[Told, ...]
    hints: tuple[Hinted, ...] = ()
    answers: tuple[Answered, ...] = ()
    work: dict[Text, Hash] = {}

    def moments(self, session: str = "") -> list[Moment]:
        return [Moment(one.at, one.what, one.step) for one in self.happened]

    def history(self, session: str = "") -> list[PastVerdict]:
        return [
            PastVerdict(one.at, one.step, one.task, one.outcome.value, one.given)
            for one in self.verdicts
        ]

    def row(self, part: Part) -> SessionRow:
        """The session, as a record of its own would have it."""
        return SessionRow(
            part.session,
            part.lesson,
            "",
            part.seed,
            part.mode,
            self.began,
            self.touched,
            self.ended,
        )
