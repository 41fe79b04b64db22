"""Statements about what a container's own layer holds: content, not only kind of change."""

from __future__ import annotations

import pytest

from lab_engine.authoring import See, require_container, require_layer
from tests.requirements.conftest import Stage

pytestmark = [pytest.mark.bench]

SLEEP = "busybox sleep 1d"
MADE = f"docker run -d --name left {SLEEP}"
IN = "docker exec left sh -c"


async def note(see: See) -> None:
    await require_layer(see, "left", says={"/root/note": "hello"})


async def line(see: See) -> None:
    await require_layer(see, "left", adds={"/etc/group": "crew:x:77:"})


async def any_line(see: See) -> None:
    await require_layer(see, "left", adds={"/etc/group": ""})


async def differs(see: See) -> None:
    await require_layer(see, "left", differs=["/etc/group"])


async def lacks(see: See) -> None:
    await require_layer(see, "left", lacks=["/usr/bin/env"])


async def same(see: See) -> None:
    await require_layer(see, "left", same=True)


@pytest.mark.parametrize(
    ("statement", "script", "reason"),
    [
        (note, f"{MADE}; {IN} 'echo hello > /root/note'", "pass"),
        (note, f"{MADE}; echo hello > note; docker cp note left:/root/note", "pass"),
        (note, f"{MADE}; {IN} 'printf \"hello\\r\\n\" > /root/note'; docker stop -t 0 left",
         "pass"),
        (note, "docker run -d --name left busybox sh -c 'echo hello >/root/note; sleep 1d'; "
         "docker pause left; docker unpause left", "pass"),
        (note, "docker create --name left busybox; echo hello > note; "
         "docker cp note left:/root/note", "pass"),
        (note, MADE, "not-in-the-layer"),
        (note, f"docker run -d --name other {SLEEP}", "absent"),
        (note, f"{MADE}; {IN} 'echo hello you > /root/note'", "other-text"),
        (note, f"{MADE}; {IN} 'mkdir /root/note'", "not-in-the-layer"),
        (note, f"{MADE}; {IN} 'ln -s /etc/hostname /root/note'", "not-in-the-layer"),
        (note, f"{MADE}; {IN} 'ln -s note /root/note'", "not-in-the-layer"),
        (note, f"{MADE}; {IN} 'mkfifo /root/note'", "not-in-the-layer"),
        (note, f"docker run -d -v keep:/root --name left {SLEEP}; {IN} 'echo hello > /root/note'",
         "mounted-over"),
        (note, f"docker run -d --tmpfs /root --name left {SLEEP}; {IN} 'echo hello > /root/note'",
         "mounted-over"),
        (line, f"{MADE}; {IN} 'echo crew:x:77: >> /etc/group'", "pass"),
        (line, f"{MADE}; {IN} 'sed -i \"1i crew:x:77:\" /etc/group'", "pass"),
        (line, f"{MADE}; docker cp left:/etc/group g; echo crew:x:77: >> g; "
         "docker cp g left:/etc/group", "pass"),
        (line, f"{MADE}; {IN} 'echo crew:x:77: > /etc/group'", "old-text-lost"),
        (line, f"{MADE}; {IN} 'sed -i 1d /etc/group; echo crew:x:77: >> /etc/group'",
         "old-text-lost"),
        (line, f"{MADE}; {IN} 'touch /etc/group'", "not-added"),
        (line, f"{MADE}; {IN} 'echo crew:x:78: >> /etc/group'", "not-added"),
        (line, f"{MADE}; {IN} 'echo crew:x:77: >> /etc/group; echo b:x:1: >> /etc/group'",
         "not-added"),
        (any_line, f"{MADE}; {IN} 'echo crew:x:78: >> /etc/group'", "pass"),
        (any_line, f"{MADE}; {IN} 'echo crew:x:78: > /etc/group'", "old-text-lost"),
        (any_line, f"{MADE}; {IN} 'touch /etc/group'", "not-added"),
        (differs, f"{MADE}; {IN} 'echo more >> /etc/group'", "pass"),
        (differs, f"{MADE}; {IN} 'touch /etc/group; chmod 600 /etc/group'", "unchanged"),
        (differs, f"{MADE}; {IN} 'cp /etc/group /g; cat /g > /etc/group'", "unchanged"),
        (lacks, f"{MADE}; {IN} 'rm /usr/bin/env'", "pass"),
        (lacks, f"{MADE}; {IN} 'rm -rf /usr'; docker kill left", "pass"),
        (lacks, f"{MADE}; {IN} 'rm /usr/bin/env; ln -s /bin/env /usr/bin/env'", "still-there"),
        (lacks, f"docker run -d --tmpfs /usr/bin --name left {SLEEP}", "mounted-over"),
        (same, f"{MADE}; docker restart -t 0 left", "pass"),
        (same, f"{MADE}; {IN} 'touch /there'", "touched"),
    ],
)  # fmt: skip
async def test_layers(stage: Stage, statement: object, script: str, reason: str) -> None:
    await stage.type(script)
    assert await stage.reason(statement) == reason  # type: ignore[arg-type]


async def spy(see: See) -> None:
    await require_container(see, "spy", namespaces={"pid": "host", "net": "db", "uts": "own"})


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--pid host --network container:db", "pass"),
        ("--pid=host --net=container:$(docker inspect -f '{{.Id}}' db)", "pass"),
        ("--network container:db", "not-on-host"),
        ("--pid container:db --network container:db", "not-on-host"),
        ("--pid host", "not-shared"),
        ("--pid host --network host", "not-shared"),
        ("--pid host --network container:other", "not-shared"),
    ],
)
async def test_namespaces(stage: Stage, options: str, reason: str) -> None:
    await stage.type(
        f"docker run -d --name db {SLEEP}; docker run -d --name other {SLEEP}; "
        f"docker run -d {options} --name spy {SLEEP}"
    )
    assert await stage.reason(spy) == reason


@pytest.mark.parametrize(
    ("options", "reason"),
    [("", "pass"), ("--pid host", "not-own"), ("--pid container:db", "not-own"),
     ("--network host", "not-own")],
)  # fmt: skip
async def test_its_own(stage: Stage, options: str, reason: str) -> None:
    async def own(see: See) -> None:
        await require_container(see, "alone", namespaces={"net": "own", "pid": "own"})

    await stage.type(
        f"docker run -d --name db {SLEEP}; docker run -d {options} --name alone {SLEEP}"
    )
    assert await stage.reason(own) == reason
