"""Incus: what its resources accept, how its stream is read, and the contract on a bench."""

from __future__ import annotations

import asyncio
import doctest
import importlib
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lab_engine.bench.container import Bench
from lab_engine.common.probe import Answer, Probe
from lab_engine.errors import DockerUnavailable, ResourceError
from lab_engine.families.incus.agent import client
from lab_engine.families.incus.agent.stream import Event, _Frames
from lab_engine.families.incus.resources import IncusImage, IncusInstance, IncusProject
from lab_engine.packs.image import ensure
from lab_engine.tui.topology.read import PictureReader
from tests.families.case import Case
from tests.families.cases_incus import CASES, PACKS
from tests.families.conftest import InBench, bench_of


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """A bench that has the pack."""
    try:
        tag = ensure(PACKS, print)
    except DockerUnavailable as error:
        pytest.skip(str(error))
    yield from bench_of(tag, "incus")


@pytest.mark.bench
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_obligation_is_kept(in_bench: InBench, case: Case) -> None:
    in_bench("obligations", case.name, daemon="incus")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", lambda: IncusImage("Web")),
        ("runs", lambda: IncusImage("web", runs="a\0b")),
        ("name", lambda: IncusProject("default")),
        ("name", lambda: IncusProject("the_bank")),
        ("config", lambda: IncusProject("bank", config={"features.images": "true"})),
        ("name", lambda: IncusInstance("web-", image="web")),
        ("name", lambda: IncusInstance("1web", image="web")),
        ("name", lambda: IncusInstance("_web", image="web")),
        ("config", lambda: IncusInstance("web", image="web", config={"volatile.uuid": "x"})),
        ("address", lambda: IncusInstance("web", image="web", address="10.77.0.1")),
        ("address", lambda: IncusInstance("web", image="web", address="10.77.0.100")),
        ("address", lambda: IncusInstance("web", image="web", address="192.168.0.9")),
        ("address", lambda: IncusInstance("web", image="web", address="here")),
    ],
)
def test_what_cannot_be_is_refused(field: str, wrong: Any) -> None:
    with pytest.raises(ResourceError) as refused:
        wrong()
    assert refused.value.field == field


def test_an_instance_comes_after_its_image_and_its_project() -> None:
    assert [need.key for need in IncusInstance("web1", image="web").needs()] == ["incus-image/web"]
    needs = IncusInstance("bank_web1", image="web").needs()
    assert [need.key for need in needs] == ["incus-image/web", "incus-project/bank"]


@pytest.mark.parametrize("module", ["resources", "picture", "agent.api", "agent.rental"])
def test_the_examples_are_right(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"lab_engine.families.incus.{module}"))
    assert found.attempted, f"{module} has no example"
    assert not found.failed


def test_a_message_in_two_frames_with_a_ping_between_is_whole() -> None:
    """As RFC 6455 allows: section 5.4 for the pieces, 5.5.2 for the ping, 5.5.3 for the pong."""
    text = msgspec.json.encode({"type": "lifecycle", "metadata": {"action": "instance-started"}})
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(1)
        first, rest = text[:7], text[7:] + b" " * 200
        there.sendall(bytes([0x01, len(first)]) + first)
        there.sendall(bytes([0x89, 2]) + b"hi")
        frames = _Frames(here)
        # Silence in the middle of a message is no end of it.
        with pytest.raises(TimeoutError):
            frames.message()
        assert there.recv(64) == bytes([0x8A, 0x82, 0, 0, 0, 0]) + b"hi"
        there.sendall(bytes([0x80, 126]) + len(rest).to_bytes(2, "big") + rest)
        assert msgspec.json.decode(frames.message(), type=Event).metadata.action == (
            "instance-started"
        )


def test_a_stream_that_is_closed_is_an_end() -> None:
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(1)
        there.sendall(bytes([0x88, 0]))
        with pytest.raises(ConnectionError):
            _Frames(here).message()


def test_a_client_leaves_the_project_that_is_gone(tmp_path: Path) -> None:
    stands = "remotes:\n  local:\n    addr: unix://\n    project: {}\n    public: false\n"
    homes = {}
    for user, project in {"ann": "shop", "ben": "shop-2", "eve": "shop"}.items():
        homes[user] = tmp_path / user / ".config/incus/config.yml"
        homes[user].parent.mkdir(parents=True)
        homes[user].write_text(stands.format(project))
    homes["eve"].rename(tmp_path / "of another")
    homes["eve"].symlink_to(tmp_path / "of another")
    client.leave("shop", [f"{tmp_path}/*"])
    left = homes["ann"].read_text()
    assert left == "remotes:\n  local:\n    addr: unix://\n    public: false\n"
    assert homes["ben"].read_text() == stands.format("shop-2")
    assert (tmp_path / "of another").read_text() == stands.format("shop")


@pytest.mark.bench
def test_the_cloud_is_drawn(in_bench: InBench) -> None:
    """The pool with what is rented, a lane for the tenant, its instance and its bill."""
    in_bench("incus_at_work", "make", daemon="incus")

    async def ask(probes: Sequence[Probe[Any]]) -> Sequence[Answer]:
        words = msgspec.json.encode(probes).decode()
        return msgspec.json.decode(in_bench("asked", words), type=tuple[Answer, ...])

    picture = asyncio.run(PictureReader().read(ask, ("incus",)))
    in_bench("incus_at_work", "clear", daemon="incus")
    assert picture.troubles == ()
    instance = picture.node("incus-instance/bank_web1")
    assert instance is not None
    assert instance.on
    assert instance.target == "incus:bank_web1"
    assert ("memory", "64 MiB") in instance.facts
    lanes = {edge.to for edge in picture.edges_of(instance.key)}
    assert lanes == {"incus-project/bank", "incus-network/incusbr0"}
    tenant = picture.node("incus-project/bank")
    assert tenant is not None
    assert tenant.state == "1 of 2"
    assert {what for what, _ in tenant.facts} >= {"instances", "memory", "bill"}
    pool = picture.node("incus-pool/pool")
    assert pool is not None
    assert ("rented", "64 MiB of 2048 MiB") in pool.facts


@pytest.mark.bench
@pytest.mark.parametrize("what", ["reads", "tells", "starts-again", "comes-back"])
def test_at_work(in_bench: InBench, what: str) -> None:
    in_bench("incus_at_work", what, daemon="incus")


@pytest.mark.bench
@pytest.mark.slow
def test_a_stream_outlives_the_daemons_patience(in_bench: InBench) -> None:
    in_bench("incus_at_work", "lasts", daemon="incus")
