"""A change of step on a real bench: files stay, nothing else goes without a word."""

from __future__ import annotations

import pytest

from lab_engine.errors import WouldTake
from tests.session.conftest import STEP, Begin
from tests.session.test_recovery import nothing_is_gone, run, with_work

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
