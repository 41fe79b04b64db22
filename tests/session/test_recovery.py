"""Faults from outside, on a real bench: what was there stays, what can be had again is, no more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress

import pytest

from lab_engine import protocol as p
from lab_engine.bench import engine
from lab_engine.course.lesson import load_course
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import AgentLost, BenchError, DaemonDown, LeaseTaken, WouldTake
from lab_engine.session.drift import RUNNING, drift
from lab_engine.session.lookout import Lookout
from lab_engine.session.record import Record, SessionRow
from lab_engine.session.session import Session
from lab_engine.settings import Settings
from tests.bench.conftest import ok
from tests.session.conftest import STEP, Begin
from tests.session.test_session import outcomes, work

pytestmark = [pytest.mark.bench, pytest.mark.slow]

MINE = (
    "echo precious > ~/work/mine.txt",
    "echo precious > ~/mine.txt",
    "docker volume create mine",
    "docker run -d --name mine -v mine:/data $(docker images -q | head -1) "
    "sh -c 'echo kept >> /data/f; sleep 9999'",
    "docker create --name still $(docker images -q | head -1) true",
)
SET_UP = "/etc/docker/daemon.json"
AGENT = "lab_engine.[a]gent"
"""As a pattern it does not find the shell that looks for it."""


def row_of(session: Session, record: Record) -> SessionRow:
    row = record.session(session.id)
    assert row is not None
    return row


async def again(
    session: Session, record: Record, settings: Settings, *, look_on: bool = False
) -> Session:
    lesson = load_course().lesson(session.lesson.slug)
    return await Session.resume(lesson, row_of(session, record), record, settings, look_on=look_on)


async def run(session: Session, commands: Sequence[str]) -> str:
    ran = await session.script(list(commands))
    assert ran.exit_code == 0, ran.output
    return ran.output


async def settled(session: Session) -> None:
    """Until the agent has noted what there is: it looks every two seconds."""
    script = "cat /var/lib/infralab/remains.json"
    before = ok(session.bench.run(["sh", "-c", script]))
    for _ in range(30):
        await asyncio.sleep(0.2)
        if ok(session.bench.run(["sh", "-c", script])) != before:
            return


async def with_work(begin: Begin, **how: str) -> Session:
    session = await begin(**how)
    await session.enter(STEP)
    await work(session)
    await run(session, MINE)
    assert await outcomes(session) == {Outcome.PASS}
    await settled(session)
    return session


async def nothing_is_gone(session: Session) -> None:
    told = await run(
        session,
        [
            "cat ~/work/mine.txt ~/mine.txt",
            "docker inspect -f '{{.State.Running}} {{.Name}}' mine",
            "docker inspect -f '{{.State.Status}} {{.Name}}' still",
            "docker exec mine cat /data/f",
        ],
    )
    assert told.count("precious") == 2
    assert "true /mine" in told
    assert "created /still" in told
    assert "kept" in told
    assert await outcomes(session) == {Outcome.PASS}


@pytest.mark.parametrize("how", ["stop", "kill", "pause"])
async def test_what_stops_the_bench_takes_nothing_from_the_learner(
    begin: Begin, record: Record, settings: Settings, how: str
) -> None:
    session = await with_work(begin)
    getattr(engine.connect().api, how)(session.bench.id)
    await session.close()
    after = await again(session, record, settings)
    await nothing_is_gone(after)
    said = " ".join(after.news)
    assert ("container/mine" in said) is (how != "pause")
    assert "volume" not in said
    await after.close()
    later = await again(session, record, settings)
    assert later.news == (), "what was mended once is told and mended once"
    await nothing_is_gone(later)
    await later.close()


async def test_check_changes_nothing_on_a_stopped_bench(
    begin: Begin, record: Record, settings: Settings
) -> None:
    session = await with_work(begin)
    await session.close()
    session.bench.stop()
    with pytest.raises(BenchError, match="is stopped") as caught:
        await again(session, record, settings, look_on=True)
    assert "infralab repair" in caught.value.hint
    assert session.bench.status() == "exited"
    session.bench.start()
    looking = await again(session, record, settings, look_on=True)
    assert "had stopped" in looking.news[0]
    await looking.verdicts()
    told = await run(looking, ["pidof dockerd || echo no engine was started"])
    assert "no engine" in told
    await looking.close()
    after = await again(session, record, settings)
    await nothing_is_gone(after)
    await after.close()


async def test_only_what_the_container_itself_held_is_lost_with_it(
    begin: Begin, record: Record, settings: Settings
) -> None:
    session = await with_work(begin)
    engine.connect().api.remove_container(session.bench.id, force=True)
    await session.close()
    after = await again(session, record, settings)
    assert "home folder" in " ".join(after.news)
    told = await run(after, ["docker exec mine cat /data/f", "ls ~"])
    assert "kept" in told
    assert (await after.plan()).empty
    await after.down()


async def test_what_lived_in_memory_is_made_again_or_named(
    begin: Begin, record: Record, settings: Settings
) -> None:
    session = await begin(lesson="namespaces")
    await session.enter("look")
    odd_one = (await session.connection.request(p.Status, p.StatusReport)).standing[0]
    await run(
        session,
        ["sudo ip netns add mine", "nohup sleep 4321 > /dev/null 2>&1 &", "touch /tmp/mine"],
    )
    await settled(session)
    engine.connect().api.kill(session.bench.id)
    await session.close()
    after = await again(session, record, settings)
    said = " ".join(after.news)
    for named in ("network namespace mine", "sleep 4321", "/tmp/mine", odd_one):
        assert named in said
    assert (await after.plan()).empty
    await after.close()


async def test_what_the_learner_had_removed_is_not_made_again(
    begin: Begin, record: Record, settings: Settings
) -> None:
    session = await begin(lesson="namespaces")
    await session.enter("look")
    await run(session, ["sudo pkill -KILL -x sleep", "sudo pkill -KILL -x sleep || true"])
    while not (gone := [action.key for action in (await session.plan()).changes]):
        await asyncio.sleep(0.1)
    await settled(session)
    session.bench.stop()
    await session.close()
    after = await again(session, record, settings)
    assert [action.key for action in (await after.plan()).changes] == gone
    await after.close()


def end_agent(session: Session, *ledger: dict[str, object]) -> None:
    """Kill it, as if it had been at work on what the ledger says."""
    lines = "".join(json.dumps({"session": session.id, "at": 0.0, **one}) + "\n" for one in ledger)
    script = f"cat >> /var/lib/infralab/ledger.jsonl; pkill -KILL -f {AGENT}"
    ok(session.bench.run(["sh", "-c", script], stdin=lines.encode() or b"\n"))


async def test_a_bench_that_lets_nobody_in_is_started_anew(
    begin: Begin, record: Record, settings: Settings
) -> None:
    session = await with_work(begin)
    cover = "import ctypes; ctypes.CDLL(None).mount(b'proc', b'/proc', b'proc', 0, None)"
    # Past `mount`, which refuses: its new pid namespace ends with the command.
    with suppress(AgentLost, BenchError):
        await session.script([f'sudo unshare --pid --fork python3 -c "{cover}"'])
    assert not session.bench.lets_in()
    await session.close()
    with pytest.raises(BenchError, match="nobody can get into the bench") as caught:
        await again(session, record, settings, look_on=True)
    assert "infralab repair" in caught.value.hint
    after = await again(session, record, settings)
    await nothing_is_gone(after)
    await after.close()


async def test_a_repair_names_what_it_did_not_bring_back(begin: Begin) -> None:
    session = await begin(lesson="namespaces")
    await session.enter("look")
    assert await drift(session) == RUNNING
    seconds = session.variables.as_text()["odd_seconds"]
    await run(session, [f"sudo pkill -xf 'sleep {seconds}'"])
    await session.repair()
    assert "service/odd-one" in await drift(session)
    await session.reset()
    assert await drift(session) == RUNNING


async def test_an_agent_that_died_at_work_is_mended_once_and_wipes_nothing(
    begin: Begin, record: Record, settings: Settings
) -> None:
    session = await with_work(begin)
    await session.close()
    end_agent(session, {"act": "create", "phase": "intend", "key": "container/half"})
    for _ in range(2):
        after = await again(session, record, settings)
        await nothing_is_gone(after)
        status = await after.connection.request(p.Status, p.StatusReport)
        assert status.recovery == p.Recovery()
        await after.close()


async def test_an_agent_listens_while_docker_cannot_start_and_repair_goes_on_from_there(
    begin: Begin,
) -> None:
    session = await with_work(begin)
    ok(session.bench.run(["sh", "-c", f"cp {SET_UP} {SET_UP}.right; echo no > {SET_UP}"]))
    ok(session.bench.run(["sh", "-c", "pkill -KILL dockerd; sleep 0.3"]))
    end_agent(session, {"act": "create", "phase": "intend", "key": "container/half"})
    with pytest.raises(DaemonDown, match="docker"):
        await session.repair()
    assert session.connection.welcome is not None
    status = await session.connection.request(p.Status, p.StatusReport)
    assert status.recovery.state == "stuck"
    assert "docker" in status.recovery.problem
    ok(session.bench.run(["mv", f"{SET_UP}.right", SET_UP]))
    await session.repair()
    await nothing_is_gone(session)


async def test_a_client_killed_before_the_first_baseline_leaves_a_session_to_go_on_in(
    begin: Begin, record: Record, settings: Settings
) -> None:
    session = await begin()
    await session.close()
    ok(session.bench.run(["sh", "-c", "rm -r /var/lib/infralab/baselines/*"]))
    after = await again(session, record, settings)
    await after.enter(STEP)
    assert (await after.plan()).empty
    await after.close()


async def test_the_watch_connects_again_by_itself(begin: Begin) -> None:
    session = await begin()
    await session.enter(STEP)
    seen: list[list[Verdict]] = []
    task = asyncio.create_task(Lookout(session, seen.append).run())
    while not seen:
        await asyncio.sleep(0.05)
    end_agent(session)
    await asyncio.sleep(1)
    await work(session)
    async with asyncio.timeout(30):
        while not all(verdict.passed for verdict in seen[-1]):
            assert not task.done()
            await asyncio.sleep(0.1)
    assert all(v.outcome is not Outcome.ERROR for verdicts in seen for v in verdicts)
    task.cancel()


async def test_one_who_was_cut_off_does_not_take_the_session_back(
    begin: Begin, record: Record, settings: Settings
) -> None:
    session = await begin()
    await session.enter(STEP)
    first = asyncio.create_task(Lookout(session, lambda _: None).run())
    await asyncio.sleep(1)
    other = await Session.resume(
        session.lesson, row_of(session, record), record, settings, steal=True
    )
    with pytest.raises(LeaseTaken, match="taken over"):
        await asyncio.wait_for(first, 20)
    with pytest.raises(LeaseTaken):
        await session.repair()
    await other.reset()
    await other.close()


async def test_a_lost_agent_is_no_verdict(begin: Begin) -> None:
    session = await begin()
    await session.enter(STEP)
    ok(session.bench.run(["sh", "-c", f"pkill -KILL -f {AGENT}"]))
    with pytest.raises(AgentLost):
        await session.verdicts()
    await session.reconnect()
    assert await outcomes(session) <= {Outcome.FAIL, Outcome.WAITING}


async def test_a_step_that_an_update_took_away_does_not_trap_the_session(
    begin: Begin, record: Record, settings: Settings
) -> None:
    session = await with_work(begin)
    record.enter(session.id, "no-such-step", {})
    await session.close()
    after = await again(session, record, settings)
    assert "no step no-such-step any more" in " ".join(after.news)
    assert STEP in " ".join(after.news)
    assert "precious" in await run(after, ["cat ~/work/mine.txt"])
    with pytest.raises(WouldTake, match="container/mine"):
        await after.enter(STEP)
    await after.enter(STEP, agreed=True)
    assert (await after.plan()).empty
    await after.close()


@pytest.mark.vm
async def test_a_vm_keeps_its_disks_and_snapshots_and_is_started_again(
    begin: Begin, record: Record, settings: Settings
) -> None:
    session = await begin(lesson="kvm-and-virsh")
    await session.enter("revert")
    before = await run(session, ["virsh -c qemu:///system list --name --state-running"])
    name = before.split()[0]
    await run(session, [f"virsh -c qemu:///system snapshot-create-as {name} mine"])
    await settled(session)
    session.bench.stop()
    await session.close()
    after = await again(session, record, settings)
    assert f"vm/{name}" in " ".join(after.news)
    told = await run(
        after,
        [
            "virsh -c qemu:///system list --name --state-running",
            f"virsh -c qemu:///system snapshot-list {name} --name",
        ],
    )
    assert name in told
    assert "mine" in told
    await after.close()
