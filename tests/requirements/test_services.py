"""Statements about Swarm's services: right and wrong ways, on a real engine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from lab_engine.authoring import See, require_replicas
from tests.requirements.conftest import Stage

pytestmark = [pytest.mark.bench, pytest.mark.slow]

BEGIN = "docker swarm init --advertise-addr 127.0.0.1 > /dev/null; "
MAKE = "docker service create -q --no-resolve-image --init --endpoint-mode dnsrr "
SLEEP = "busybox sleep 1d"
LABELS = "--label com.docker.swarm.service.name=shop --label com.docker.swarm.service.id=x"


async def two(see: See) -> None:
    await require_replicas(see, "shop", 2, image="busybox")


@pytest.fixture(autouse=True)
async def no_swarm_is_left(stage: Stage) -> AsyncIterator[None]:
    yield
    await stage.type("docker swarm leave --force > /dev/null 2>&1 || true")


@pytest.mark.parametrize(
    "script",
    [
        f"{BEGIN}{MAKE} --name shop --replicas 2 {SLEEP}",
        f"{BEGIN}{MAKE} --name shop {SLEEP}; docker service scale -d shop=2; sleep 1",
        f"{BEGIN}docker tag busybox mine:1; {MAKE} --name shop --replicas 2 mine:1 sleep 1d",
    ],
)
async def test_right_ways(stage: Stage, script: str) -> None:
    await stage.type(script)
    assert await stage.reason(two, settled="pass") == "pass"
    # Whoever is taken away is replaced.
    await stage.type("docker rm -f $(docker ps -q --filter name=shop. | head -n 1)")
    assert await stage.reason(two) == "not-running"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("true", "no-service"),
        (f"for one in 1 2; do docker run -d --name shop.$one {LABELS} {SLEEP}; done", "no-service"),
        (f"{BEGIN}{MAKE} --name shop2 --replicas 2 {SLEEP}", "no-service"),
        (f"{BEGIN}{MAKE} --name shop --replicas 3 {SLEEP}", "other-number"),
        (f"{BEGIN}{MAKE} --name shop {SLEEP}; docker run -d --name shop.2 {LABELS} {SLEEP}",
         "other-number"),
        (f"{BEGIN}{MAKE} --name shop --mode global {SLEEP}", "other-number"),
        (f"{BEGIN}{MAKE} -d --name shop --replicas 2 busybox false", "not-running"),
        (f"{BEGIN}{MAKE} -d --name shop --replicas 2 nowhere:1 sleep 1d", "not-running"),
        (f"{BEGIN}docker tag myapp:latest shop:1; "
         f"{MAKE} --name shop --replicas 2 shop:1 sleep 1d", "other-image"),
    ],
)  # fmt: skip
async def test_wrong_ways(stage: Stage, script: str, reason: str) -> None:
    await stage.type(script)
    assert await stage.reason(two, settled=reason) == reason
