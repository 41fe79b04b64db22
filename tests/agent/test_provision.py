from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from lab_engine.agent.ledger import Ledger
from lab_engine.agent.pools import Pools
from lab_engine.agent.provision import Provisioning, plan_for
from lab_engine.agent.teardown import recover, teardown
from lab_engine.common.resource import Need
from lab_engine.errors import ProviderError, ProvisionTimeout
from lab_engine.families.provider import Mark
from lab_engine.protocol import ActionNotice
from tests.agent.fake import FakeProvider, Thing

MARK = Mark("s1")


class Engine:
    def __init__(self, path: Path) -> None:
        self.families = Pools()
        self.ledger = Ledger(path)
        self.notices: list[ActionNotice] = []

    async def provision(self, things: Sequence[Thing]) -> None:
        await Provisioning(things, MARK, self.ledger, self.families, self.notices.append).run()


@pytest.fixture
async def engine(tmp_path: Path, world: Path) -> AsyncIterator[Engine]:
    made = Engine(tmp_path / "ledger.jsonl")
    yield made
    made.families.close()


async def test_a_second_plan_is_empty(engine: Engine, world: Path) -> None:
    things = [Thing("a", after=(Need("fake/b"),)), Thing("b", content="x")]
    await engine.provision(things)
    assert {path.name for path in world.iterdir()} == {"a", "b"}
    assert (await plan_for(things, MARK, engine.families)).empty
    await engine.provision(things)
    assert FakeProvider.log.count("begin a") == 1


async def test_what_is_needed_is_made_first_and_independent_things_side_by_side(
    engine: Engine,
) -> None:
    things = [Thing("a", after=(Need("fake/b"),)), Thing("b", meets="c"), Thing("c", meets="b")]
    await engine.provision(things)
    log = FakeProvider.log
    assert log.index("end b") < log.index("begin a")


async def test_a_failure_undoes_what_this_run_made_and_says_what_failed(
    engine: Engine, world: Path
) -> None:
    things = [Thing("a"), Thing("b", breaks=True, after=(Need("fake/a"),))]
    with pytest.raises(ProviderError, match="it broke half-way") as caught:
        await engine.provision(things)
    assert caught.value.resource == "fake/b"
    assert caught.value.hint == "Try another."
    assert not list(world.iterdir())
    assert not engine.ledger.standing
    assert not engine.ledger.pending
    assert [n.key for n in engine.notices if n.phase == "undone"] == ["fake/b", "fake/a"]


async def test_a_resource_that_never_gets_ready_is_a_timeout(engine: Engine, world: Path) -> None:
    with pytest.raises(ProvisionTimeout, match=r"did not reach 'running' in 0\.3 s"):
        await engine.provision([Thing("a", never_ready=True)])
    assert not list(world.iterdir())


async def test_a_cancellation_waits_for_the_thread_and_then_undoes(
    engine: Engine, world: Path
) -> None:
    task = asyncio.create_task(engine.provision([Thing("a"), Thing("slow", takes=0.3)]))
    while "begin slow" not in FakeProvider.log:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not list(world.iterdir())
    assert not engine.ledger.pending


async def test_foreign_things_of_the_same_name_are_not_destroyed_by_teardown(
    engine: Engine, world: Path
) -> None:
    (world / "foreign").write_text("infralab:other:fake/foreign\nprecious")
    await engine.provision([Thing("a")])
    await teardown(MARK, engine.ledger, engine.families, lambda _: None)
    assert [path.name for path in world.iterdir()] == ["foreign"]


async def test_recovery_undoes_a_creation_that_a_killed_agent_had_begun(
    engine: Engine, world: Path, tmp_path: Path
) -> None:
    await engine.provision([Thing("a")])
    engine.ledger.write("create", "intend", "fake/b", "s1")
    (world / "b").write_text("infralab:s1:fake/b\n")
    after = Ledger(tmp_path / "ledger.jsonl")
    assert await recover(MARK, after, engine.families) == ("fake/b: undone",)
    assert [path.name for path in world.iterdir()] == ["a"]
    assert list(after.standing) == ["fake/a"]


async def test_recovery_finishes_a_removal(engine: Engine, world: Path, tmp_path: Path) -> None:
    await engine.provision([Thing("a")])
    engine.ledger.write("destroy", "intend", "fake/a", "s1")
    after = Ledger(tmp_path / "ledger.jsonl")
    assert await recover(MARK, after, engine.families) == ("fake/a: removal finished",)
    assert not list(world.iterdir())


async def test_teardown_goes_side_by_side_but_never_before_the_users(engine: Engine) -> None:
    things = [Thing("a", after=(Need("fake/base"),)), Thing("base"), Thing("c")]
    await engine.provision(things)
    again = Ledger(engine.ledger.path)
    await teardown(MARK, again, engine.families, lambda _: None)
    gone = [line for line in FakeProvider.log if line.startswith("destroy")]
    assert gone.index("destroy a") < gone.index("destroy base")
    assert sorted(gone) == ["destroy a", "destroy base", "destroy c"]
