"""One session on the real bench: steps, checks, reset, and what a learner may break."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from lab_engine.course.lesson import load_course
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import LeaseTaken
from lab_engine.session.lookout import Lookout
from lab_engine.session.record import Record
from lab_engine.session.session import Session
from lab_engine.settings import Settings
from tests.session.conftest import LESSON, STEP, Begin

pytestmark = [pytest.mark.bench, pytest.mark.slow]


async def outcomes(session: Session) -> set[Outcome]:
    verdicts, _ = await session.check()
    return {verdict.outcome for verdict in verdicts}


async def work(session: Session) -> None:
    """Do the step as its first solution does, without it counting as given."""
    step = session.lab_step()
    ran = await session.script(list(step.solutions[0].script(session.variables)))
    assert ran.exit_code == 0, ran.output


async def test_a_step_from_start_to_green_reset_and_red_again(begin: Begin) -> None:
    session = await begin()
    assert await session.enter(STEP) == []
    assert (await session.plan()).empty
    assert await outcomes(session) <= {Outcome.FAIL, Outcome.WAITING}
    await work(session)
    assert await outcomes(session) == {Outcome.PASS}
    assert all(task.passed and not task.given for task in session.record.tasks(session.id))
    left = await session.reset()
    assert left.none
    assert Outcome.PASS not in await outcomes(session)


async def test_a_solution_counts_as_given(begin: Begin, record: Record, settings: Settings) -> None:
    session = await begin()
    await session.enter(STEP)
    await session.solving.solve()
    assert all(task.passed and task.given for task in session.record.tasks(session.id))
    # A client that is killed while it types a solution cannot note the end of it.
    record.moment(session.id, "type", STEP)
    await session.close()
    row = record.session(session.id)
    assert row is not None
    after = await Session.resume(session.lesson, row, record, settings)
    assert [m.what for m in record.moments(session.id)] == ["enter", "solve", "type", "typed"]
    await after.close()


async def test_what_a_stopped_solution_had_done_is_given_and_the_rest_can_be_earned(
    begin: Begin,
) -> None:
    session = await begin(lesson="docker-networking")
    await session.enter("drivers")
    commands = list(session.lab_step().solutions[1].script(session.variables))
    task = asyncio.create_task(Lookout(session, lambda _: None).run())
    begun = asyncio.Event()

    async def half() -> None:
        async with session.solving.by_solution():
            await session.script(commands[:2])
            begun.set()
            await asyncio.sleep(60)

    typing = asyncio.create_task(half())
    await asyncio.wait_for(begun.wait(), 30)
    typing.cancel()
    with suppress(asyncio.CancelledError):
        await typing
    assert passes(session) == {"bb1": True}
    await session.script(commands[2:])
    await outcomes(session)
    assert passes(session) == {"bb1": True, "cable": False}
    task.cancel()


def passes(session: Session) -> dict[str, bool]:
    """The tasks that passed, and whether each was given."""
    return {state.task: state.given for state in session.record.tasks(session.id) if state.passed}


async def test_the_state_of_one_learner_fails_under_the_seed_of_another(begin: Begin) -> None:
    mine = await begin(seed="mine")
    await mine.enter(STEP)
    await work(mine)
    assert await outcomes(mine) == {Outcome.PASS}
    mine.variables = mine.lesson.variables(type(mine.seed)("another"))
    assert Outcome.FAIL in await outcomes(mine)


async def test_a_stopped_docker_is_an_error_with_a_name_and_repair_brings_it_back(
    begin: Begin,
) -> None:
    session = await begin()
    await session.enter(STEP)
    await session.script(["sudo pkill -KILL dockerd", "sleep 0.3"], strict=False)
    verdicts, _ = await session.check()
    assert {v.outcome for v in verdicts} <= {Outcome.ERROR, Outcome.WAITING}
    assert "Docker" in verdicts[0].message
    assert "infralab repair" in verdicts[0].message
    await session.repair()
    assert await outcomes(session) <= {Outcome.FAIL, Outcome.WAITING}


async def test_a_learner_who_kills_every_python_loses_nothing(begin: Begin) -> None:
    session = await begin()
    await session.enter(STEP)
    await work(session)
    await session.script(["sudo pkill -KILL python"], strict=False)
    await session.reconnect()
    assert await outcomes(session) == {Outcome.PASS}


async def test_flushed_firewall_rules_are_undone_by_reset(begin: Begin) -> None:
    session = await begin()
    await session.enter(STEP)
    ran = await session.script(["sudo iptables -F", "sudo iptables -t nat -F"])
    assert ran.exit_code == 0
    await session.reset()
    await work(session)
    assert await outcomes(session) == {Outcome.PASS}


async def test_a_full_disk_is_told_and_the_record_is_kept(begin: Begin) -> None:
    session = await begin()
    await session.enter(STEP)
    await work(session)
    ran = await session.script(["dd if=/dev/zero of=/tmp/full bs=1M"], strict=False)
    assert "No space left" in ran.output
    assert await outcomes(session) == {Outcome.PASS}


async def running() -> tuple[int, int, int]:
    """Tasks, threads of sessions and child processes of this process."""
    await asyncio.sleep(0.2)
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    threads = [one for one in threading.enumerate() if one.name.startswith("session")]
    return len(asyncio.all_tasks()), len(threads), len(children)


async def test_a_second_client_is_told_who_works_here(
    begin: Begin, record: Record, settings: Settings
) -> None:
    session = await begin()
    await session.enter(STEP)
    row = record.session(session.id)
    assert row is not None
    lesson = load_course().lesson(LESSON)
    before = await running()
    with pytest.raises(LeaseTaken, match="already works in this session"):
        await Session.resume(lesson, row, record, settings)
    assert await running() == before, "the refused client left something behind"
    watcher = await Session.resume(lesson, row, record, settings, look_on=True)
    verdicts, _ = await watcher.verdicts()
    assert verdicts
    await watcher.close()


async def test_checks_wake_by_themselves_while_the_learner_works(begin: Begin) -> None:
    session = await begin()
    await session.enter(STEP)
    green = asyncio.Event()
    seen: list[set[Outcome]] = []

    def look(verdicts: list[Verdict]) -> None:
        seen.append({v.outcome for v in verdicts})
        if all(v.passed for v in verdicts):
            green.set()

    watch = Lookout(session, look)
    task = asyncio.create_task(watch.run())
    await asyncio.sleep(1.0)
    await work(session)
    await asyncio.wait_for(green.wait(), 4.0)
    task.cancel()
    assert Outcome.PASS not in seen[0]
    assert all(t.passed and not t.given for t in session.record.tasks(session.id))
