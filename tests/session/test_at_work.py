"""Of a real bench the record says where its learner is; from elsewhere it is only seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab_engine.course.lesson import load_course
from lab_engine.session import present
from lab_engine.session.present import Presence
from lab_engine.session.session import Session
from lab_engine.settings import Settings
from tests.session.conftest import LESSON, STEP, Begin

pytestmark = [pytest.mark.bench, pytest.mark.slow]


def seen(session: Session, data_dir: Path) -> Presence:
    (engine,) = present.look([""], load_course(), data_dir)
    assert not engine.trouble
    (found,) = [one for one in engine.benches if one.session == session.id]
    return found


async def test_by_the_record_here_and_only_seen_from_elsewhere(
    begin: Begin, settings: Settings, tmp_path: Path
) -> None:
    session = await begin()
    await session.enter(STEP)
    await session.check()
    here, there = seen(session, settings.data_dir), seen(session, tmp_path / "another")
    assert here.where is not None
    assert there.where is None
    assert there.status == "running"
    assert (here.where.lesson, here.where.step) == (LESSON, STEP)
    assert here.where.tasks > here.where.passed == 0
    assert here.where.observed
    # Looking changes nothing in the bench.
    assert (await session.compare()).none

    step = session.lab_step()
    ran = await session.script(list(step.solutions[0].script(session.variables)))
    assert ran.exit_code == 0, ran.output
    await session.check()
    here = seen(session, settings.data_dir)
    assert here.where is not None
    assert here.done
    assert here.where.progressed > here.where.entered
