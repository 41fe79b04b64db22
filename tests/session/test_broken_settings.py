"""A slip in its settings keeps a daemon from starting: the learner gets in, and back."""

from __future__ import annotations

import pytest

from lab_engine import protocol as p
from lab_engine.errors import WouldTake
from lab_engine.session import settling
from lab_engine.session.record import Record
from lab_engine.session.session import Session
from lab_engine.settings import Settings
from tests.bench.conftest import sh
from tests.session.conftest import STEP, Begin
from tests.session.test_session import work

pytestmark = [pytest.mark.bench, pytest.mark.slow]
SETTINGS = "/etc/docker/daemon.json"
SLIP = '{"live-restore": true'


async def broken(begin: Begin, record: Record, settings: Settings) -> Session:
    """A session whose engine was killed, and does not start again; as taken up anew."""
    session = await begin()
    await session.enter(STEP)
    bench = session.bench
    sh(bench, f"mkdir -p /etc/docker; printf '{SLIP}' > {SETTINGS}")
    sh(bench, "pid=$(cat /run/docker.pid); kill -9 $pid; timeout 20 tail --pid=$pid -f /dev/null")
    await session.close()
    row = record.session(session.id)
    assert row is not None
    return await Session.resume(session.lesson, row, record, settings)


async def test_the_learner_gets_in_hears_why_and_a_reset_brings_all_back(
    begin: Begin, record: Record, settings: Settings
) -> None:
    session = await broken(begin, record, settings)
    assert any("docker" in line and "could not be started" in line for line in session.news)
    # Nothing was taken back yet: they may want to mend it themselves.
    assert sh(session.bench, f"cat {SETTINGS}") == SLIP
    await session.reset()
    sh(session.bench, f"test ! -s {SETTINGS} || grep -qv 'live-restore' {SETTINGS}")
    await work(session)
    # A server takes a moment until it answers.
    verdicts, _ = await settling.settled(
        session.verdicts,
        lambda seen: all(verdict.passed for verdict in seen[0]),
        settling.seconds(session.lab_step().checks),
    )
    assert [verdict.passed for verdict in verdicts] == [True] * len(verdicts)
    await session.close()


async def test_another_step_is_entered_and_the_broken_file_kept(
    begin: Begin, record: Record, settings: Settings
) -> None:
    session = await broken(begin, record, settings)
    with pytest.raises(WouldTake, match="docker keeps, which does not start"):
        await session.enter(STEP)
    await session.enter(STEP, agreed=True)
    assert sh(session.bench, f"cat ~learner/work-{STEP}/outside{SETTINGS}") == SLIP
    status = await session.connection.request(p.Status, p.StatusReport)
    assert status.daemons["docker"]
    await session.close()
