"""Statements about nodes that are one Swarm: right and wrong ways, on real engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from lab_engine import protocol as p
from lab_engine.authoring import (
    DockerNetwork,
    HttpProbe,
    Node,
    NodeContainersProbe,
    See,
    SwarmServiceProbe,
    place,
    require_spread,
    require_swarm,
)
from lab_engine.bench.container import Bench
from lab_engine.common.patience import patient
from tests.requirements.conftest import Stage, Statement, connected

pytestmark = [pytest.mark.bench, pytest.mark.slow, pytest.mark.timeout(900)]

AGREED = 60.0
"""Seconds: a member that was gone is ready again with its next heartbeat."""
NODES = ("north", "south")
RESOURCES = (
    DockerNetwork("rack", subnet="172.31.9.0/24"),
    *(
        Node(name, network="rack", address=f"172.31.9.{11 + at}", images=("busybox",))
        for at, name in enumerate(NODES)
    ),
)
ON = "docker exec north docker"
BEGIN = f"{ON} swarm init --advertise-addr 172.31.9.11 > /dev/null; "
JOIN = (
    f"docker exec south docker swarm join --token $({ON} swarm join-token -q WHICH) "
    "172.31.9.11:2377; "
)
AS_WORKER, AS_MANAGER = JOIN.replace("WHICH", "worker"), JOIN.replace("WHICH", "manager")
ALONE = "docker exec south docker swarm init --advertise-addr 172.31.9.12 > /dev/null; "
SHOP = f"{ON} service create -q --no-resolve-image --endpoint-mode dnsrr --name shop "
PAGE = "sh -c 'echo open > /tmp/index.html; exec httpd -f -p 80 -h /tmp'"
LEAVE = """
docker start north south > /dev/null
for one in north south; do
    until docker exec $one docker version > /dev/null 2>&1; do sleep 0.2; done
    docker exec $one docker swarm leave --force > /dev/null 2>&1 || true
    docker exec $one sh -c 'docker ps -aq | xargs -r docker rm -f > /dev/null'
done
"""


async def one_swarm(see: See) -> None:
    await require_swarm(see, ["north"], workers=["south"])


async def spread(see: See) -> None:
    await require_spread(see, "north", "shop", 2, image="busybox", among=NODES, least=2)


@pytest.fixture
async def rack(bench: Bench) -> AsyncIterator[Stage]:
    """Two nodes that are in no Swarm."""
    async with connected(bench) as link:
        await link.request(p.Provision, p.ProvisionReport, resources=RESOURCES)
        stage = Stage(bench, link)
        await stage.type("mkdir -p ~/work")
        yield stage
        await stage.type(LEAVE)


async def says(rack: Stage, statement: Statement, script: str, reason: str) -> None:
    await rack.type(script)
    assert await comes_to(rack, statement, reason) == reason, script


async def comes_to(rack: Stage, statement: Statement, reason: str) -> str:
    """What is said once several engines have agreed, or never do."""
    end = asyncio.get_running_loop().time() + patient(AGREED)
    while (found := await rack.reason(statement, settled=reason)) != reason:
        if asyncio.get_running_loop().time() > end:
            break
    return found


async def test_one_swarm(rack: Stage) -> None:
    await says(rack, one_swarm, "true", "no-swarm")
    await says(rack, one_swarm, BEGIN, "not-joined")
    await says(rack, one_swarm, ALONE, "another-swarm")
    await says(rack, one_swarm, "docker exec south docker swarm leave --force", "not-joined")
    await says(rack, one_swarm, AS_WORKER, "pass")
    await says(rack, one_swarm, f"{ON} node promote south", "other-role")
    # It can be demoted once it has joined the managers' own cluster (Raft), a little later.
    demote = f"timeout 60 sh -c 'until {ON} node demote south; do sleep 0.5; done'"
    await says(rack, one_swarm, demote, "pass")
    await says(rack, one_swarm, "docker kill south > /dev/null", "silent")
    await says(rack, one_swarm, "docker start south > /dev/null", "pass")


async def test_the_managers_are_who_was_meant(rack: Stage) -> None:
    await rack.type(BEGIN + AS_MANAGER)

    async def both(see: See) -> None:
        await require_swarm(see, NODES)

    async def north_alone(see: See) -> None:
        await require_swarm(see, ["north"])

    assert await comes_to(rack, both, "pass") == "pass"
    assert await rack.reason(north_alone) == "others"
    assert await rack.reason(one_swarm) == "other-role"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("true", "no-service"),
        (f"for one in north south; do docker exec $one docker run -d --name shop.$one busybox "
         f"{PAGE} > /dev/null; done", "no-service"),
        (f"{SHOP} --replicas 3 busybox {PAGE}", "other-number"),
        (f"{SHOP} --mode global busybox {PAGE}", "other-number"),
        (f"{SHOP} -d --replicas 2 busybox false", "not-running"),
        (f"{SHOP} --replicas 2 --constraint node.hostname==south busybox {PAGE}", "not-spread"),
        (f"{ON} tag busybox shop:1; docker exec south docker tag busybox shop:1; "
         f"{SHOP} --replicas 2 shop:1 {PAGE}", "other-image"),
        (f"{SHOP} --replicas 2 busybox {PAGE}; docker kill south > /dev/null", "not-running"),
    ],
)  # fmt: skip
async def test_a_service_that_is_not_spread(rack: Stage, script: str, reason: str) -> None:
    await says(rack, spread, BEGIN + AS_WORKER + script, reason)


async def test_a_service_on_two_nodes(rack: Stage) -> None:
    await rack.type(BEGIN + AS_WORKER + f"{ON} network create -d overlay --attachable shelf")
    await rack.type(f"{SHOP} --network shelf --replicas 2 busybox {PAGE}")
    assert await comes_to(rack, spread, "pass") == "pass"

    async def elsewhere(see: See) -> None:
        await require_spread(see, "north", "shop", 2, image="busybox:latest", among=["north"])

    async def on_another(see: See) -> None:
        await require_spread(see, "north", "shop", 2, image="busybox", among=NODES, network="table")

    assert await rack.reason(elsewhere) == "elsewhere"
    assert await rack.reason(on_another) == "other-network"
    seen: list[str] = []

    async def served(see: See) -> None:
        """Each task is a container of its node, and a process of the bench."""
        service = await see(SwarmServiceProbe("north", "shop"))
        assert not service.undoable
        assert {task.command for task in service.tasks} == {service.command}
        for node in NODES:
            there = await see(NodeContainersProbe(node))
            (one,) = [one for one in there.containers if one.service == "shop"]
            assert one.task in {task.id for task in service.running}
            page = await see(HttpProbe("http://127.0.0.1/", place=place.process(one.pid)))
            seen.append(page.body.strip())

    assert await rack.reason(served) == "pass"
    assert seen == ["open", "open"]
    await says(rack, spread, f"{ON} service update -q --replicas 3 -d shop", "other-number")

    async def can_go_back(see: See) -> None:
        service = await see(SwarmServiceProbe("north", "shop"))
        assert service.undoable
        assert "httpd" in " ".join(service.command)

    assert await rack.reason(can_go_back) == "pass"
