"""Which graders these are: one hash that changes with whatever could change a grade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from lab_engine.bench import recipe
from lab_engine.common import digest
from lab_engine.course import edition, pack
from lab_engine.course.lesson import Course
from lab_engine.grading.assignment.terms import Assignment
from lab_engine.grading.bundle import package

FORM: Final = 1
"""Of the rules in this folder: a change of them that could change a grade makes it one more."""


@dataclass(frozen=True, slots=True)
class Graders:
    """Hashes by lesson, of `checkers` by lesson and step, and `key` over all of them.

    `bundled` are the editions that lessons have in a learner's kit.
    """

    editions: dict[str, str]
    bundled: dict[str, str]
    checkers: dict[str, dict[str, str]]
    image: str
    key: str


def of(course: Course, assignment: Assignment) -> Graders:
    """Those of the lessons of an assignment. Raises UsageError, ContentError."""
    lessons = [course.lesson(one.slug) for one in assignment.lessons]
    editions = {one.slug: edition.of_lesson(one) for one in lessons}
    bundled = {one.slug: package.edition_of(one) for one in lessons}
    checkers = {
        one.slug: {step.name: edition.of_step(one, step) for step in one.steps} for one in lessons
    }
    packs = {
        made.name: made.digest()
        for one in lessons
        for made in (pack.chain(one.packs) if one.packs else ())
    }
    image = recipe.layer_hash(recipe.layer())
    terms = msgspec.to_builtins(assignment)
    key = digest.of([FORM, editions, checkers, packs, image, terms], 64)
    return Graders(editions, bundled, checkers, image, key)
