"""A learner of a class, with the row that their platform knows them by."""

from __future__ import annotations

from typing import Literal

import msgspec

from lab_engine.grading.submission.manifest import LearnerId

Source = Literal["canvas", "moodle", "plain"]


class Learner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`row` is the exported row by its heading: marks go back to the platform with it."""

    id: LearnerId
    name: str
    email: str = ""
    row: dict[str, str] = {}


class Roster(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`heading` are the columns of the exported file, in order."""

    source: Source
    heading: tuple[str, ...]
    learners: tuple[Learner, ...]

    def learner(self, identity: str) -> Learner | None:
        return next((one for one in self.learners if one.id == identity), None)
