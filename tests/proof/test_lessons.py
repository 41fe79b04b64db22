"""The lessons' checks, proven on the real bench, step by step until a budget is spent.

First what no proof is noted of as it is now (`content/proven.json`). Where the rest begins differs
from day to day, so that in some days every step has its turn. What was left out is among the
skipped, with its command. `INFRALAB_PROOF_MINUTES=600` leaves nothing out. Without it the budget is
what the tests before have left of the time that a whole run may take: a machine that has other
work, or a suite that has grown, proves fewer steps a day instead of running over.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Collection
from typing import Any

import pytest

from lab_engine.course import pack
from lab_engine.course.lesson import Step, load_course
from lab_engine.packs import image as images
from lab_engine.proof.run import prove_lesson
from lab_engine.session.record import Record
from lab_engine.settings import Settings

# After all others, which have a claim on the time: `tests/conftest.py`.
pytestmark = [pytest.mark.bench, pytest.mark.slow, pytest.mark.proof]

MOST, LEAST, WHOLE_RUN = 25 * 60, 4 * 60, 52 * 60
spent = 0.0


def steps() -> list[Any]:
    """Every step with a lab, in the course's order; `conftest.py` puts those that run in turn."""
    every = [(lesson, step) for lesson in load_course().lessons for step in lesson.steps]
    return [
        pytest.param(
            lesson.slug,
            step.name,
            marks=[pytest.mark.vm] if "libvirt" in _daemons(step) else [],
            id=f"{lesson.slug}/{step.name}",
        )
        for lesson, step in every
        if step.lab_step
    ]


def _daemons(step: Step) -> Collection[str]:
    return step.lab_step.daemons if step.lab_step else ()


@functools.cache
def budget() -> float:
    """Seconds that the proofs may take; counted when the first of them begins."""
    if given := os.environ.get("INFRALAB_PROOF_MINUTES"):
        return float(given) * 60
    # Set by `infralab test` when its first run begins, which is another process.
    began = float(os.environ.get("INFRALAB_TESTS_BEGAN", time.time()))
    return min(MOST, max(LEAST, WHOLE_RUN - (time.time() - began)))


def building(packs: Collection[str]) -> float:
    """Minutes to build what is not built of them, by their recipes."""
    absent = images.missing(packs)
    known = pack.recipes()
    return sum(known[name].pack.size.minutes for name in absent.names) if absent else 0.0


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("slug", "step"), steps())
async def test_proof(
    image_tag: str, slug: str, step: str, record: Record, settings: Settings
) -> None:
    global spent
    if spent > budget():
        pytest.skip(f"the budget is spent; `infralab prove {slug} --step {step}` proves it")
    lesson = load_course().lesson(slug)
    minutes = building(lesson.packs)
    if spent + minutes * 60 > budget():
        pytest.skip(
            f"building what it needs takes {minutes:g} minutes: "
            f"`infralab setup --packs {' '.join(lesson.packs)}`; "
            f"then `infralab prove {slug} --step {step}` proves it"
        )
    began = time.monotonic()
    proof = await prove_lesson(
        lesson,
        "proof",
        record,
        settings,
        lambda lesson, case: print(
            "ok  " if case.good else "FAIL", case.step, case.kind, case.name, f"{case.seconds:.1f}"
        ),
        steps=[step],
    )
    spent += time.monotonic() - began
    bad = [f"{c.step} {c.kind} {c.name}: {c.problem}" for c in proof.cases if not c.good]
    assert not bad, "\n".join(bad)
