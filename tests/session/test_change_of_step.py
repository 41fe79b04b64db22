"""A change of step on a real bench: files stay, nothing else goes without a word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_engine.course.verdict import Outcome
from lab_engine.errors import WouldTake
from lab_engine.session.record import Record
from lab_engine.session.session import Session
from lab_engine.settings import Settings
from tests.session.conftest import STEP, Begin
from tests.session.test_recovery import again, nothing_is_gone, run, with_work
from tests.session.test_session import outcomes

pytestmark = [pytest.mark.bench, pytest.mark.slow]

NEXT = "bind-mount"


async def test_what_the_learner_made_goes_only_with_their_word_and_files_stay(begin: Begin) -> None:
    session = await with_work(begin)
    await run(session, ["sudo mkdir -p /srv/mine", "echo srv | sudo tee /srv/mine/f"])
    with pytest.raises(WouldTake) as caught:
        await session.enter(NEXT)
    assert {"container/mine", "container/still", "docker-volume/mine"} <= set(caught.value.made)
    await nothing_is_gone(session)
    assert session.step_name == STEP
    await session.enter(NEXT, agreed=True)
    assert session.put_away == f"/home/learner/work-{STEP}"
    told = await run(
        session,
        [
            "cat ~/mine.txt",
            f"cat ~/work-{STEP}/mine.txt ~/work-{STEP}/outside/srv/mine/f",
            "docker ps -aq --filter name=mine | wc -l",
            f"test -w ~/work-{STEP}",
        ],
    )
    assert told.split() == ["precious", "precious", "srv", "0"]
    assert (await session.plan()).empty
    await run(session, ["echo again > ~/work/mine.txt"])
    await session.enter(STEP, agreed=True)
    assert session.put_away == f"/home/learner/work-{NEXT}"
    assert "precious" in await run(session, [f"cat ~/work-{STEP}/mine.txt"])


async def test_a_step_that_was_only_read_is_left_without_a_question(begin: Begin) -> None:
    session = await begin()
    await session.enter(STEP)
    assert await session.at_stake(NEXT) is None
    await session.enter(NEXT)
    assert session.put_away == ""
    assert (await session.plan()).empty


@pytest.mark.vm
async def test_a_vm_that_nobody_touched_is_not_asked_about(begin: Begin) -> None:
    session = await begin(lesson="kvm-and-virsh")
    await session.enter("revert")
    assert await session.at_stake(session.lesson.steps[0].name) is None


class Killed(BaseException):
    """The end of a client, at the place where it is raised."""


def at_the_intent(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the intent is noted: the bench has the baseline of the step before."""
    arrive = record.arrive

    def last(session: str, step: str) -> None:
        arrive(session, step)
        raise Killed

    monkeypatch.setattr(record, "arrive", last)


def after_the_baseline(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bench has the new step's baseline, and the record has the step before."""

    def never(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(record, "enter", never)


@pytest.mark.parametrize("killed", [at_the_intent, after_the_baseline])
async def test_a_client_killed_on_the_way_leaves_one_step_and_all_the_work(
    begin: Begin,
    record: Record,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    killed: object,
) -> None:
    session = await with_work(begin)
    # As in a step that goes on with what the one before has made: nothing is put away for it.
    steps = session.lesson.lab.steps
    monkeypatch.setitem(steps, NEXT, replace(steps[NEXT], continues=STEP))
    with monkeypatch.context() as dying:
        assert callable(killed)
        killed(record, dying)
        with pytest.raises(Killed):
            await session.enter(NEXT)
    assert session.step_name == STEP
    await session.close()
    row = record.session(session.id)
    assert row is not None
    assert (row.step, row.arriving) == (STEP, NEXT)

    after = await again(session, record, settings)
    assert after.step_name == NEXT
    assert f"step {NEXT} was not finished. It is now" in " ".join(after.news)
    await whole(after)
    await after.close()
    later = await again(session, record, settings)
    assert later.news == ()
    await whole(later)
    await later.close()


async def whole(session: Session) -> None:
    """The step is at its start, by the bench and by the record, with the learner's work in it."""
    assert (await session.plan()).empty
    assert (await session.compare()).none
    assert Outcome.PASS not in await outcomes(session)
    told = await run(session, ["cat ~/work/mine.txt ~/mine.txt", "docker exec mine cat /data/f"])
    assert told.split() == ["precious", "precious", "kept"]
