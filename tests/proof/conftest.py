from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lab_engine.course import proven
from lab_engine.course.lesson import load_course
from tests.session.conftest import image_tag, record, settings

__all__ = ["image_tag", "record", "settings"]


# After what is not asked for has been left out: to look at every step's edition takes seconds.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the proofs in the order in which they have their turn, in the places that they have."""
    at = [n for n, item in enumerate(items) if getattr(item, "originalname", "") == "test_proof"]
    ordered = in_turn([items[n] for n in at])
    for n, item in zip(at, ordered, strict=True):
        items[n] = item


def in_turn(proofs: list[pytest.Item]) -> list[pytest.Item]:
    """First those whose step has no proof as it is now."""
    if len(proofs) < 2:
        return proofs
    course = load_course()
    notes = proven.load(course.content)

    def proven_already(item: pytest.Item) -> bool:
        about = item.callspec.params  # type: ignore[attr-defined]
        lesson = course.lesson(about["slug"])
        return bool(notes.seeds(lesson, lesson.step(about["step"])))

    # A stride that shares no factor with most numbers of steps: each day begins somewhere else.
    first = datetime.now(UTC).toordinal() * 7 % len(proofs)
    return sorted(proofs[first:] + proofs[:first], key=proven_already)
