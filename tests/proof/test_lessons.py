"""Every lesson's checks, proven on the real bench."""

from __future__ import annotations

import pytest

from lab_engine.course.lesson import load_course
from lab_engine.proof.run import prove_lesson
from lab_engine.session.record import Record
from lab_engine.settings import Settings

pytestmark = [pytest.mark.bench, pytest.mark.slow]

VM_LESSONS = {"kvm-and-virsh"}
SLUGS = [
    pytest.param(lesson.slug, marks=[pytest.mark.vm] if lesson.slug in VM_LESSONS else [])
    for lesson in load_course().lessons
]


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("slug", SLUGS)
async def test_proof(image_tag: str, slug: str, record: Record, settings: Settings) -> None:
    proof = await prove_lesson(
        load_course().lesson(slug),
        "proof",
        record,
        settings,
        lambda lesson, case: print(
            "ok  " if case.good else "FAIL", case.step, case.kind, case.name, f"{case.seconds:.1f}"
        ),
    )
    bad = [f"{c.step} {c.kind} {c.name}: {c.problem}" for c in proof.cases if not c.good]
    assert not bad, "\n".join(bad)
