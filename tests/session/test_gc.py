"""What is left of ended sessions is found and removed; what is not ours is never touched."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from lab_engine.bench import engine
from lab_engine.protocol import Owned, OwnedReport
from lab_engine.session import gc
from lab_engine.session.record import Record
from tests.bench.conftest import ok
from tests.session.conftest import STEP, Begin

pytestmark = [pytest.mark.bench, pytest.mark.slow]

FOREIGN = "somebody-elses"


async def test_an_ended_session_is_swept_with_its_loop_device_and_nothing_else(
    begin: Begin, record: Record
) -> None:
    session = await begin()
    await session.enter(STEP)
    bench = session.bench
    attach = (
        "truncate -s 4M /var/lib/infralab/disk.img && losetup -f --show /var/lib/infralab/disk.img"
    )
    device = ok(bench.run(["sh", "-c", attach])).removeprefix("/dev/")
    await asyncio.sleep(3)
    client = engine.connect()
    client.api.create_volume(FOREIGN)
    try:
        # Not `down`: the bench is torn away, as `docker rm -f` by hand does it.
        client.api.remove_container(bench.id, force=True)
        await session.close()
        assert Path(f"/sys/block/{device}/loop/backing_file").exists()
        record.end(session.id)
        found = [thing for thing in gc.leftovers(record) if thing.session == session.id]
        assert ("loop", device) in {(thing.kind, thing.name) for thing in found}
        assert {thing.kind for thing in found} == {"loop", "volume"}
        assert not any(thing.foreign for thing in found)
        assert await gc.sweep(found) == []
        assert not Path(f"/sys/block/{device}/loop/backing_file").exists()
        assert [t for t in gc.leftovers(record) if t.session == session.id] == []
        volumes = client.api.volumes()["Volumes"]
        assert FOREIGN in {volume["Name"] for volume in volumes}
    finally:
        client.api.remove_volume(FOREIGN)


async def test_a_live_session_is_left_alone_and_one_of_another_record_is_foreign(
    begin: Begin, record: Record, tmp_path: Path
) -> None:
    session = await begin()
    assert [thing for thing in gc.leftovers(record) if thing.session == session.id] == []
    others = Record(tmp_path / "another.sqlite")
    seen = [thing for thing in gc.leftovers(others) if thing.session == session.id]
    assert seen
    assert all(thing.foreign for thing in seen)
    others.close()


async def test_a_marked_thing_that_no_ledger_knows_is_swept_from_a_live_bench(
    begin: Begin, record: Record
) -> None:
    session = await begin()
    await session.enter(STEP)
    labels = ["--label", "infralab.session=lost", "--label", "infralab.resource=container/orphan"]
    ran = await session.script(
        [
            f"docker run -d --name orphan {' '.join(labels)} myapp",
            "docker run -d --name mine myapp",
        ]
    )
    assert ran.exit_code == 0, ran.output
    found = [t for t in await gc.in_benches(record, pytest.fail) if t.name == session.id]
    assert [(thing.kind, thing.session) for thing in found] == [("container/orphan", "lost")]
    await session.close()
    assert await gc.sweep(found) == []
    names = ok(session.bench.run(["docker", "ps", "--format", "{{json .Names}}"]))
    assert [json.loads(line) for line in names.splitlines()] == ["mine"]


async def test_owned_and_ledger_agree_after_provisioning(begin: Begin) -> None:
    session = await begin()
    await session.enter(STEP)
    owned = await session.link.request(Owned, OwnedReport)
    marked = {key for keys in owned.marked.values() for key in keys}
    assert marked <= set(owned.standing)
