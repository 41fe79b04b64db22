"""Statements about containers: right in several ways, wrong in several ways, on a real engine."""

from __future__ import annotations

import pytest

from lab_engine.authoring import (
    See,
    require_container,
    require_served_by,
    require_untouched_container,
)
from tests.requirements.conftest import Stage

pytestmark = [pytest.mark.bench]

SLEEP = "busybox sleep 1d"
SERVE = "httpd -f -p 8080 -h /www"
PAGE = "mkdir -p /www && echo hello > /www/index.html"


async def plain(see: See) -> None:
    await require_container(see, "c3", image="busybox", networks=["bridge"])


@pytest.mark.parametrize(
    "script",
    [
        f"docker run -d --name c3 {SLEEP}",
        "docker run -d --name c3 $(docker images -q busybox) sleep 1d",
        "docker tag busybox other:name; docker run -d --name c3 other:name sleep 1d",
        f"docker create --name c3 {SLEEP}; sudo docker start c3",
        f"docker run -d --name was {SLEEP}; docker rename was c3",
        "curl -sf --unix-socket /run/docker.sock -H 'Content-Type: application/json' "
        '-d \'{"Image": "busybox", "Cmd": ["sleep", "1d"]}\' '
        "'http://d/containers/create?name=c3' && docker start c3",
        f"docker run -d --name c3 --restart always {SLEEP}",
    ],
)
async def test_right_ways(stage: Stage, script: str) -> None:
    await stage.type(script)
    assert await stage.reason(plain) == "pass"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("true", "absent"),
        (f"docker run -d --name c31 {SLEEP}", "absent"),
        (f"docker create --name c3 {SLEEP}", "not-running"),
        ("docker run -d --name c3 busybox", "not-running"),
        ("docker run -d --name c3 --restart always busybox sleep 0.05", "restarting"),
        ("docker run -d --name c3 myapp:latest sleep 1d", "other-image"),
        ("docker tag myapp:latest busybox:mine; docker run -d --name c3 busybox:mine sleep 1d",
         "other-image"),
        (f"docker run -d --name c3 --network none {SLEEP}", "other-networks"),
        (f"docker network create lan; docker run -d --name c3 {SLEEP}; "
         "docker network connect lan c3", "other-networks"),
        (f"docker run -d --name c3 {SLEEP}; docker pause c3", "not-running"),
    ],
)  # fmt: skip
async def test_wrong_ways(stage: Stage, script: str, reason: str) -> None:
    await stage.type(script)
    assert await stage.reason(plain, settled=reason) == reason
    await stage.type("docker unpause c3 2>/dev/null || true")


async def test_a_container_whose_id_begins_like_the_name(stage: Stage) -> None:
    """Docker resolves `c3` to it; it is called otherwise all the same."""
    made = await stage.type(f"docker run -d --name other {SLEEP}")

    async def by_id(see: See) -> None:
        await require_container(see, made[:2])

    assert await stage.reason(by_id) == "absent"


async def test_mounts(stage: Stage) -> None:
    async def mounted(see: See) -> None:
        await require_container(see, "c3", mounts={"/data": "keep"})

    await stage.type(f"docker run -d --name c3 {SLEEP}")
    assert await stage.reason(mounted) == "not-mounted"
    for script, reason in (
        ("-v $PWD/keep:/data", "other-mount"),
        ("-v /data", "other-mount"),
        ("--tmpfs /data", "other-mount"),
        ("-v keep:/data/", "pass"),
        ("--mount source=keep,target=/data", "pass"),
    ):
        again = f"docker rm -f c3; docker run -d --name c3 {script} {SLEEP}"
        await stage.type(f"mkdir -p keep; {again}")
        assert await stage.reason(mounted) == reason, script


async def local(see: See) -> None:
    await require_served_by(see, "c5", 8080, says="hello", address="127.0.0.1")


async def anywhere(see: See) -> None:
    await require_served_by(see, "c5", 8080, says="hello")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f"docker run -d --name c5 busybox sh -c '{PAGE}; {SERVE}'", "pass"),
        (f"docker run -d --name c5 {SLEEP}; docker exec c5 sh -c '{PAGE}'; "
         f"docker exec -d c5 {SERVE}", "pass"),
        (f"docker run -d --network host --name c5 busybox sh -c '{PAGE}; {SERVE}'", "pass"),
        (f"docker run -d --name c5 {SLEEP}", "no-server"),
        (f"docker run -d --name c5 {SLEEP}; docker run -d --name c6 --network container:c5 "
         f"busybox sh -c '{PAGE}; {SERVE}'", "served-by-another"),
        (f"docker run -d --name c5 {SLEEP}; mkdir -p www; echo hello > www/index.html; "
         "sudo nsenter -t $(docker inspect -f '{{.State.Pid}}' c5) -n "
         "setsid -f busybox httpd -p 8080 -h $PWD/www", "served-by-another"),
        (f"docker run -d --name c5 busybox sh -c 'mkdir /www; echo hi > /www/index.html; {SERVE}'",
         "other-page"),
        (f"docker run -d --name c5 busybox sh -c 'mkdir /www; {SERVE}'", "no-page"),
    ],
)  # fmt: skip
async def test_served_by(stage: Stage, script: str, reason: str) -> None:
    await stage.type(script)
    try:
        assert await stage.reason(anywhere, settled=reason) == reason
    finally:
        await stage.type("sudo pkill -f '[b]usybox httpd' || true")


@pytest.mark.parametrize(
    ("port", "reason"), [("127.0.0.1:8080", "pass"), ("8080", "other-address")]
)
async def test_where_it_waits(stage: Stage, port: str, reason: str) -> None:
    """A firewall that refuses is no server at the loopback address."""
    serve = SERVE.replace("8080", port)
    await stage.type(f"docker run -d --name c5 busybox sh -c '{PAGE}; {serve}'")
    await stage.type("sudo iptables -I DOCKER-USER -p tcp --dport 8080 -j REJECT")
    try:
        assert await stage.reason(local, settled=reason) == reason
    finally:
        await stage.type("sudo iptables -D DOCKER-USER -p tcp --dport 8080 -j REJECT")


async def untouched(see: See) -> None:
    await require_untouched_container(see, "db")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("docker exec db touch /there", "pass"),
        ("docker pause db; docker unpause db", "pass"),
        ("docker restart -t 0 db", "restarted"),
        ("docker stop -t 0 db", "stopped"),
        ("docker rm -f db", "absent"),
        (f"docker rm -f db; docker run -d --name db {SLEEP}", "replaced"),
        (f"docker rename db old; docker run -d --name db {SLEEP}", "replaced"),
    ],
)
async def test_untouched(stage: Stage, script: str, reason: str) -> None:
    await stage.type(f"docker run -d --name db {SLEEP}")
    await stage.start(untouched)
    await stage.type(script)
    assert await stage.reason(untouched) == reason
