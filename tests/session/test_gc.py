"""What is left of ended sessions is found and removed; what is not ours is never touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from docker import errors as docker_errors

from lab_engine.bench import container, engine, inventory, owner
from lab_engine.bench.container import Bench
from lab_engine.packs import begun, maker
from lab_engine.protocol import Owned, OwnedReport
from lab_engine.session import gc
from lab_engine.session.gc import Leftover
from lab_engine.session.record import Record
from lab_engine.settings import Settings
from tests.bench.conftest import make_bench, ok
from tests.session.conftest import STEP, Begin

__all__ = ["make_bench"]

pytestmark = [pytest.mark.bench, pytest.mark.slow, pytest.mark.alone]

FOREIGN = "somebody-elses"
Make = Callable[..., Bench]


@pytest.fixture
def me(settings: Settings) -> str:
    return owner.name(settings.data_dir)


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made a moment ago is not spared here."""
    monkeypatch.setattr(gc, "YOUNG", timedelta(0))


def _of(session: str, record: Record, me: str) -> list[Leftover]:
    return [thing for thing in gc.leftovers(record, me) if thing.session == session]


async def test_an_ended_session_is_swept_with_its_loop_device_and_nothing_else(
    begin: Begin, record: Record, me: str
) -> None:
    session = await begin()
    await session.enter(STEP)
    bench = session.bench
    attach = (
        "truncate -s 4M /var/lib/infralab/disk.img && losetup -f --show /var/lib/infralab/disk.img"
    )
    client = engine.connect()
    client.api.create_volume(FOREIGN)
    try:
        # Not `down`: the bench is torn away in the same moment, as `docker rm -f` by hand does it.
        device = ok(bench.run(["sh", "-c", attach])).removeprefix("/dev/")
        client.api.remove_container(bench.id, force=True)
        await session.close()
        assert Path(f"/sys/block/{device}/loop/backing_file").exists()
        record.end(session.id)
        found = _of(session.id, record, me)
        assert [(t.kind, t.name) for t in found if t.kind == "loop"] == [("loop", device)]
        assert {thing.kind for thing in found} == {"loop", "volume"}
        assert {thing.whose for thing in found} == {"mine"}
        assert await gc.sweep(found) == []
        assert not Path(f"/sys/block/{device}/loop/backing_file").exists()
        assert _of(session.id, record, me) == []
        volumes = client.api.volumes()["Volumes"]
        assert FOREIGN in {volume["Name"] for volume in volumes}
    finally:
        client.api.remove_volume(FOREIGN)


async def test_a_live_session_is_left_alone_and_is_never_removed_by_another_user(
    begin: Begin, record: Record, settings: Settings, me: str, tmp_path: Path
) -> None:
    session = await begin()
    assert _of(session.id, record, me) == []
    others = Record(tmp_path / "another.sqlite")
    try:
        for state in ("running", "exited"):
            seen = _of(session.id, others, owner.name(tmp_path))
            assert {thing.kind for thing in seen} == {"container", "volume"}
            assert {(thing.whose, thing.owner) for thing in seen} == {("theirs", me)}
            assert await gc.sweep(seen) == []
            assert session.bench.status() == state
            session.bench.stop()
        held = {h.name: h.stays for h in inventory.holdings(owner.name(tmp_path))}
        assert me in held[session.bench.name]
        assert me in held[f"{session.bench.name}-state"]
        assert held["infralab-cache"]
        assert held[session.bench.inspect()["Config"]["Image"]]
        assert all(held[row.tag] for row in inventory.images()), "others work with these"
        assert (
            inventory.remove([h for h in inventory.holdings(owner.name(tmp_path)) if h.stays]) == []
        )
        assert session.bench.status() == "exited"
        mine = {h.name: h.stays for h in inventory.holdings(me)}
        assert mine[session.bench.name] == mine[f"{session.bench.name}-state"] == ""
    finally:
        others.close()


def test_a_bench_of_an_image_that_an_ended_process_made_is_the_learners_own(
    image_tag: str, make_bench: Make
) -> None:
    """A pack's image is committed from the container that built it, which bore its maker's name."""
    dead = {owner.PROCESS: f"{owner.process()}0", owner.WAITING: f"{owner.process()}0"}
    client = engine.connect()
    builder = client.api.create_container(image_tag, labels=dead)["Id"]
    tag = f"infralab-test-{os.getpid()}:stale"
    try:
        client.api.commit(builder, repository=tag.partition(":")[0], tag="stale")
        assert dead.items() <= client.api.inspect_image(tag)["Config"]["Labels"].items()
        bench = make_bench("stale", tag=tag)
        labels = bench.inspect()["Config"]["Labels"]
        assert (labels[owner.PROCESS], labels[owner.WAITING]) == ("", "")
        bench.remove()
    finally:
        client.api.remove_container(builder, force=True)
        client.api.remove_image(tag, force=True)


async def test_the_record_says_that_a_bench_is_a_learners_whatever_its_labels_say(
    begin: Begin, record: Record, me: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Benches of packs that an earlier version made."""
    labels_for = container.labels_for

    def stale(session: str, kind: str, **more: str) -> dict[str, str]:
        return labels_for(session, kind, **more) | {owner.PROCESS: f"{owner.process()}0"}

    monkeypatch.setattr(container, "labels_for", stale)
    session = await begin()
    assert owner.ended(session.bench.inspect()["Config"]["Labels"])
    assert _of(session.id, record, me) == []
    record.end(session.id)
    assert {thing.kind for thing in _of(session.id, record, me)} == {"container", "volume"}


async def test_what_a_lost_record_knew_is_swept_only_when_asked_for(
    begin: Begin, record: Record, me: str, tmp_path: Path
) -> None:
    session = await begin()
    fresh = Record(tmp_path / "fresh.sqlite")
    assert {thing.whose for thing in _of(session.id, fresh, me)} == {"unknown"}
    fresh.close()


async def test_what_a_packs_build_left_is_swept_when_it_is_old_or_asked_for(
    record: Record, me: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = f"t{os.getpid()}-packs"
    monkeypatch.setattr(maker, "VOLUME", cache)
    client = engine.connect()
    one = begun.mount(cache, "one", "/media/go")
    name = client.api.create_volume(one["Source"], labels=one["VolumeOptions"]["Labels"])["Name"]
    try:
        (found,) = [thing for thing in gc.leftovers(record, me) if thing.name == name]
        assert (found.kind, found.whose) == ("volume", "unknown"), "kept without --all"
        monkeypatch.setattr(begun, "LAST", timedelta(0))
        (found,) = [thing for thing in gc.leftovers(record, me) if thing.name == name]
        assert found.whose == "mine"
        assert await gc.sweep([found]) == []
        assert begun.left(client, cache) == []
    finally:
        with suppress(docker_errors.NotFound):
            client.api.remove_volume(name)


KILLED = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from lab_engine import settings
from lab_engine.course.lesson import load_course
from lab_engine.session.record import Record
from lab_engine.session.session import Session

async def main():
    own = replace(settings.load(), bench_memory=1 << 30)
    folder = Path(sys.argv[3]); folder.mkdir()
    await Session.begin(load_course().lesson("keeping-data"), Record(folder / "r.sqlite"), own,
        mode=sys.argv[1], session=sys.argv[2], seed="k")
    print("begun", flush=True)
    await asyncio.sleep(100)

asyncio.run(main())
"""


@pytest.mark.parametrize("mode", ["replay", "proof"])
def test_the_bench_of_a_killed_replay_or_proof_is_found(
    image_tag: str, mode: str, record: Record, settings: Settings, me: str, tmp_path: Path
) -> None:
    name = f"t{os.getpid()}-killed-{mode}"
    env = {**os.environ, "INFRALAB_DATA_DIR": str(settings.data_dir)}
    words = [sys.executable, "-c", KILLED, mode, name, str(tmp_path / "scratch")]
    process = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        assert _of(name, record, me) == [], "it runs"
        process.kill()
        process.wait()
        found = _of(name, record, me)
        assert {(thing.kind, thing.whose) for thing in found} == {
            ("container", "mine"),
            ("volume", "mine"),
        }
        assert inventory.remove([inventory.Holding(t.kind, t.name) for t in found]) == []
        assert _of(name, record, me) == []
    finally:
        process.kill()
        process.communicate()
        bench = Bench.find(name)
        if bench:
            bench.remove()


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
    owned = await session.connection.request(Owned, OwnedReport)
    marked = {key for keys in owned.marked.values() for key in keys}
    assert marked <= set(owned.standing)
