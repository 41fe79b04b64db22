"""Statements about the engine itself: what outlived it, and what it told of a container."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from lab_engine.authoring import (
    DockerDaemonProbe,
    See,
    require_live_restore,
    require_outlived_engine,
    require_recorded_life,
)
from lab_engine.common.evidence import Unmet
from lab_engine.families.docker.requirements.engine import _events
from lab_engine.session.check import Inquiry
from tests.requirements.conftest import Stage

bench = pytest.mark.bench

FILE = "/etc/docker/daemon.json"
WRITE = f"""jq '.["live-restore"] = true' {FILE} > new.json; sudo cp new.json {FILE}; """
READ = "sudo kill -HUP $(pidof dockerd); sleep 0.5; "
START = "sudo /usr/lib/infralab/bin/start-docker; "
KILL = "sudo kill -9 $(pidof dockerd); "
END = (
    "sudo kill $(pidof dockerd); "
    "timeout 30 sh -c 'while pidof dockerd > /dev/null; do sleep 0.1; done'; "
)
BEAT = "docker run -d --name beat busybox sleep 1d > /dev/null; "
OLD = "/tmp/daemon.json"


@pytest.fixture
async def engine(stage: Stage) -> AsyncIterator[Stage]:
    """The stage; its engine is as it was afterwards."""
    await stage.type(f"cp {FILE} {OLD}")
    yield stage
    await stage.type(
        f"""echo '{{"live-restore": false}}' > {FILE}; """
        f"/usr/lib/infralab/bin/start-docker; kill -HUP $(pidof dockerd); sleep 0.5; "
        f"cat {OLD} > {FILE}",
        user="root",
    )


async def told(see: See) -> None:
    await require_live_restore(see)


async def becomes(engine: Stage, reason: str) -> None:
    """The engine reads its settings some time after the signal, later on a busy machine."""
    end = time.monotonic() + 30
    while (found := await engine.reason(told)) != reason and time.monotonic() < end:
        await asyncio.sleep(0.1)
    assert found == reason


@bench
async def test_an_engine_that_keeps_its_containers(engine: Stage) -> None:
    assert await engine.reason(told) == "not-written"
    await engine.type(WRITE)
    assert await engine.reason(told) == "not-read"
    await engine.type(READ)
    await becomes(engine, "pass")
    # What the engine that runs does not notice, the next one will.
    await engine.type(f"sudo cp {OLD} {FILE}; {READ}")
    assert await engine.reason(told) == "not-written"
    for text, reason in (
        ("{", "not-json"),
        ("7", "not-json"),
        ("", "empty"),
        ('{"live-restore": "true"}', "other-value"),
        ('{"live-restore": false}', "not-written"),
    ):
        await engine.type(f"echo '{text}' | sudo tee {FILE}")
        assert await engine.reason(told) == reason
    await engine.type(f"sudo rm {FILE}")
    assert await engine.reason(told) == "no-settings"
    await engine.type(f"sudo cp {OLD} {FILE}; {KILL} sleep 0.5")
    assert await engine.reason(told) == "no-engine"


async def beat(see: See) -> None:
    await require_outlived_engine(see, "beat")


@bench
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f"{BEAT}{WRITE}{READ}{KILL}{START}", "pass"),
        (f"{BEAT}{WRITE}{READ}{END}{START}", "pass"),
        # One that is killed gives nothing up, and the next one has read the file.
        (f"{BEAT}{WRITE}{KILL}{START}", "pass"),
        (f"{BEAT}{WRITE}{READ}{KILL}{START}{KILL}{START}", "pass"),
        (f"{BEAT}{WRITE}{READ}", "same-engine"),
        (f"{BEAT}{KILL}sleep 0.5", "no-engine"),
        (f"{BEAT}{KILL}{START}", "not-running"),
        (f"{KILL}{START}", "absent"),
        (f"{KILL}{START}{BEAT}", "younger"),
        (f"{BEAT}{KILL}{START}docker start beat", "younger"),
        ("docker run -d --restart always --name beat busybox sleep 1d > /dev/null; "
         f"{KILL}{START}sleep 1", "younger"),
        (f"{BEAT}{WRITE}{READ}{KILL}{START}docker restart -t 0 beat", "younger"),
    ],
)  # fmt: skip
async def test_what_outlives_an_engine(engine: Stage, script: str, reason: str) -> None:
    await engine.start(beat)
    await engine.type(script)
    assert await engine.reason(beat) == reason


@bench
async def test_the_daemon_that_answers(engine: Stage) -> None:
    see = Inquiry(engine.ask, None)
    before = await see(DockerDaemonProbe())
    assert str(before.pid) == await engine.type("pidof dockerd")
    assert before.exists
    assert (before.live_restore, before.container_started) == (False, 0)
    await engine.type(BEAT)
    now = await Inquiry(engine.ask, None)(DockerDaemonProbe("beat"))
    assert (now.pid, now.started) == (before.pid, before.started)
    assert now.container_started > now.started


FOLDER = "/home/learner/work"
LISTEN = "curl -sN --unix-socket /run/docker.sock http://d/events > life.json & sleep 0.5; "
RUN = "docker run -d --name guest busybox sleep 1d > /dev/null; "
CHANGE = "docker pause guest; docker unpause guest; "
GONE = "docker rm -f guest; sleep 1; "
STOP = "sleep 0.3; kill %1; "
SINCE = "docker events --since 20s --until 0s --filter container=guest --format "
JSON = "'{{json .}}'"


async def life(see: See) -> None:
    await require_recorded_life(
        see, f"{FOLDER}/life.json", "guest", actions=["start", "pause", "unpause"]
    )


@bench
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f"{LISTEN}{RUN}{CHANGE}{GONE}{STOP}", "pass"),
        (f"{RUN}{CHANGE}{GONE}{SINCE}{JSON} > life.json", "pass"),
        (f"{RUN}{CHANGE}{GONE}{SINCE}{JSON} | jq . > life.json", "pass"),
        (f"{RUN}{CHANGE}{GONE}{SINCE}{JSON} | jq -s . > life.json", "pass"),
        # A life that went wrong before, which is in the file as well, or only partly.
        (f"{RUN}{GONE}{LISTEN}{RUN}{CHANGE}{GONE}{STOP}", "pass"),
        # What the bench itself runs in a container, and what only looks.
        (f"{LISTEN}{RUN}docker exec guest true; docker top guest > /dev/null; {CHANGE}{GONE}{STOP}",
         "pass"),
        # A line that was cut off when curl ended, behind what counts.
        (f"{LISTEN}{RUN}{CHANGE}{GONE}{STOP}printf '{{\"status\": \"cre' >> life.json", "pass"),
        ("true", "absent"),
        (f"{LISTEN}{RUN}{CHANGE}{STOP}", "not-removed"),
        (f"{LISTEN}{RUN}{GONE}{STOP}", "other-life"),
        (f"{RUN}{CHANGE}{GONE}", "no-file"),
        (f"{RUN}{CHANGE}{GONE}mkfifo life.json", "no-plain-file"),
        (f"{RUN}{CHANGE}{GONE}yes '{{}}' | head -n 40000 > life.json", "too-long"),
        (f"{RUN}{CHANGE}{GONE}: > life.json", "empty"),
        # Told of the network alone.
        (f"{RUN}{CHANGE}{GONE}{SINCE.replace('container=guest', 'type=network')}{JSON} > life.json",
         "not-recorded"),
        # It is the newest that is spoken of.
        (f"{RUN}{CHANGE}{GONE}{LISTEN}{RUN}{GONE}{STOP}", "other-life"),
        (f"{RUN}{CHANGE}{GONE}{LISTEN}{RUN}{CHANGE}{STOP}", "not-removed"),
        (f"{LISTEN}{RUN}{CHANGE}{GONE}{STOP}{RUN}", "pass"),
        (f"{RUN}{CHANGE}{GONE}{SINCE}{JSON} | grep die > life.json", "gap"),
        (f"{RUN}{CHANGE}{GONE}{SINCE}'{{{{.Action}}}}' > life.json", "not-json"),
        (f"{RUN}{CHANGE}{GONE}{SINCE}{JSON} > l; (cat l; echo; echo so be it) > life.json",
         "not-json"),
        (f"{RUN}{LISTEN}{CHANGE}{GONE}{STOP}", "late"),
        (f"{LISTEN}{RUN}{CHANGE}{STOP}{GONE}", "early"),
        (f"{RUN}{CHANGE}{GONE}{SINCE}{JSON} | grep -v unpause > life.json", "gap"),
        (f"{RUN}{CHANGE}{GONE}{SINCE}{JSON} | sed s/guest/other/ > life.json", "pass"),
        # By hand, at a time that nothing happened.
        (f"{RUN}{CHANGE}{GONE}{SINCE}{JSON} | jq -c '.timeNano += 20000000' > life.json",
         "other-events"),
        # Another container's life.
        (f"{RUN}{CHANGE}{GONE}docker run --name other busybox true; docker rm other; sleep 1; "
         f"{SINCE.replace('guest', 'other')}{JSON} > life.json", "not-recorded"),
    ],
)  # fmt: skip
async def test_what_an_engine_told(stage: Stage, script: str, reason: str) -> None:
    await stage.start(life)
    await stage.type(script)
    assert await stage.reason(life, settled=reason) == reason


async def death(see: See) -> None:
    await require_recorded_life(
        see, f"{FOLDER}/life.json", "guest", actions=["kill", "die"], image="busybox"
    )


@bench
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f"{LISTEN}{RUN}{GONE}{STOP}", "pass"),
        (f"{LISTEN}{RUN.replace('busybox', 'busybox:latest')}{GONE}{STOP}", "pass"),
        (f"{LISTEN}docker run --name guest busybox true; docker rm guest; {STOP}", "other-life"),
        (f"docker create --name draft busybox true; docker commit draft other; {LISTEN}"
         f"{RUN.replace('busybox', 'other')}{GONE}{STOP}", "other-image"),
    ],
)  # fmt: skip
async def test_of_what_and_how_it_ended(stage: Stage, script: str, reason: str) -> None:
    await stage.start(death)
    await stage.type(script)
    assert await stage.reason(death, settled=reason) == reason


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("\ufeff{}\r\n{}\n", 0),
        ('{"Type": "container", "Action": "die", "Actor": {"ID": "a"}, "timeNano": 1}', 1),
        ('[{"Type": "container", "Action": "exec_die: sh", "Actor": {"ID": "a"}, "timeNano": 1}]',
         1),
        ('{"Type": "network", "Action": "connect", "Actor": {"ID": "a"}, "timeNano": 1}', 0),
        ('{"Type": "container", "Action": 7, "Actor": [], "timeNano": "now"} 5 null', 0),
        ('{"Type": "conta', 0),
    ],
)  # fmt: skip
def test_what_is_an_event(text: str, count: int) -> None:
    assert len(_events(text, "life.json")) == count


@pytest.mark.parametrize("text", ["now", "{} now", '{"a"\n{}', "[" * 100_000])
def test_what_is_no_json(text: str) -> None:
    with pytest.raises(Unmet):
        _events(text, "life.json")
