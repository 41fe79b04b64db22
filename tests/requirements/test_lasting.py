"""Statements about what outlives what: by recorded events and inodes, not by the times of files."""

from __future__ import annotations

import pytest

from lab_engine.authoring import (
    ContainerLogProbe,
    DockerEventsProbe,
    Fact,
    See,
    require_ended,
    require_order,
    require_outlived_container,
    require_outlived_stop,
)
from lab_engine.session.check import Inquiry
from tests.requirements.conftest import Stage

pytestmark = [pytest.mark.bench]

SLEEP = "busybox sleep 1d"
WRITE = "docker exec diary sh -c 'echo hello > /root/note'"
AGAIN = "docker restart -t 0 diary"
DIARY = f"docker run -d --name diary {SLEEP}"
WEB = f"docker run -d --name web -v keep:/data {SLEEP}"
BY_HAND = "docker volume create keep; echo hello | sudo tee /var/lib/docker/volumes/keep/_data/page"
PAGE = "docker exec web sh -c 'echo hello > /data/page'"


async def stop(see: See) -> None:
    await require_outlived_stop(see, "diary", "/root/note", says="hello")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f"{DIARY}; {WRITE}; {AGAIN}", "pass"),
        (f"{DIARY}; echo hello > n; docker cp n diary:/root/note; docker kill diary; "
         "docker start diary", "pass"),
        (f"docker create --name diary {SLEEP}; echo hello > n; docker cp n diary:/root/note; "
         "docker start diary; docker stop -t 0 diary; docker start diary", "pass"),
        (f"{DIARY}; {WRITE}; sudo kill -9 $(docker inspect -f '{{{{.State.Pid}}}}' diary); "
         "docker wait diary >/dev/null; docker start diary", "pass"),
        (f"{DIARY}; {WRITE}; docker rename diary dd; docker restart -t 0 dd; "
         "docker rename dd diary", "pass"),
        (f"{DIARY}; {WRITE}", "not-restarted"),
        (f"{DIARY}; {AGAIN}; {WRITE}", "not-restarted"),
        (f"{DIARY}; {AGAIN}; {WRITE}; docker exec diary touch -d 2020-01-01 /root/note",
         "not-restarted"),
        (f"{DIARY}; {AGAIN}; echo hello > n; touch -d 2020-01-01 n; docker cp n diary:/root/note",
         "not-restarted"),
        (f"{DIARY}; {WRITE}; docker pause diary; docker unpause diary", "not-restarted"),
        (f"docker run -d -v keep:/root --name diary {SLEEP}; {WRITE}; {AGAIN}", "mounted-over"),
        (f"{DIARY}; {WRITE}; docker stop -t 0 diary", "not-running"),
        (f"{DIARY}; {AGAIN}", "no-file"),
        (f"{DIARY}; docker exec diary sh -c 'echo bye > /root/note'; {AGAIN}", "other-text"),
        ("true", "absent"),
    ],
)  # fmt: skip
async def test_outlives_a_stop(stage: Stage, script: str, reason: str) -> None:
    await stage.type(script)
    assert await stage.reason(stop, settled=reason) == reason


async def container(see: See) -> None:
    await require_outlived_container(see, "web", "/data/page", says="hello")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f"{WEB}; {PAGE}; docker rm -f web; {WEB}", "pass"),
        (f"docker run --rm -v keep:/k busybox sh -c 'echo hello > /k/page'; {WEB}", "pass"),
        (f"{WEB}; echo hello > p; docker cp p web:/data/page; docker stop -t 0 web; "
         f"docker rm web; {WEB}", "pass"),
        (f"docker create --name filler -v keep:/k {SLEEP}; docker start filler; docker exec filler "
         f"sh -c 'echo hello > /k/page'; {WEB}; docker rm -f filler", "pass"),
        (f"{WEB}; {PAGE}", "too-young"),
        (f"{WEB}; docker rm -f web; {WEB}; {PAGE}", "too-young"),
        (f"{WEB}; docker rm -f web; {WEB}; {PAGE}; docker exec web touch -d 2020-01-01 /data/page",
         "too-young"),
        (f"{WEB}; docker rm -f web; {WEB}; echo hello > p; touch -d 2020-01-01 p; "
         "docker cp -a p web:/data/page", "too-young"),
        (f"{BY_HAND}; {WEB}", "nothing-removed"),
        (f"docker run --name other busybox true; {BY_HAND}; docker rm other; {WEB}",
         "nothing-removed"),
        (f"{WEB}; {PAGE}; docker rename web old; {WEB}", "nothing-removed"),
        (f"mkdir d; echo hello > d/page; docker run -d --name web -v $PWD/d:/data {SLEEP}",
         "not-on-a-volume"),
        (f"{WEB}; docker exec web sh -c 'echo bye > /data/page'; docker rm -f web; {WEB}",
         "other-text"),
    ],
)  # fmt: skip
async def test_outlives_a_container(stage: Stage, script: str, reason: str) -> None:
    await stage.start(container)
    await stage.type(script)
    assert await stage.reason(container, settled=reason) == reason


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("docker run --name job busybox true", "pass"),
        ("docker run --rm --name job busybox true", "pass"),
        ("docker run --name job busybox sh -c 'exit 3' || true", "other-code"),
        (f"docker run -d --name job {SLEEP}; docker kill job", "other-end"),
        (f"docker run -d --name job {SLEEP}; docker stop -t 0 job", "other-end"),
        (f"docker run -d --name job {SLEEP}; docker rm -f job", "other-end"),
        (f"docker run -d --name job {SLEEP}; sudo kill -9 "
         "$(docker inspect -f '{{.State.Pid}}' job)", "other-end"),
        (f"docker run -d --name job {SLEEP}", "not-ended"),
        ("docker run --name job busybox true; docker rm job; "
         f"docker run -d --name job {SLEEP}", "not-ended"),
        ("docker run --name job busybox true; docker rm job; docker create --name job busybox",
         "not-ended"),
        ("docker run --name job busybox false || true; docker rm job; "
         "docker run --name job busybox true", "pass"),
        ("docker run --name other busybox true", "not-ended"),
        ("docker run --name job busybox true; docker start job; docker wait job", "pass"),
    ],
)  # fmt: skip
async def test_ended(stage: Stage, script: str, reason: str) -> None:
    async def alone(see: See) -> None:
        await require_ended(see, "job", how="by itself", code=0)

    await stage.start(alone)
    await stage.type(script)
    assert await stage.reason(alone, settled=reason) == reason


@pytest.mark.parametrize(
    ("how", "script"),
    [
        ("killed", f"docker run -d --name job {SLEEP}; docker kill job"),
        ("stopped", f"docker run -d --name job {SLEEP}; docker stop -t 0 job"),
        ("stopped", "docker run -d --name job busybox sh -c 'trap exit TERM; sleep 1d & wait'; "
         "docker stop job"),
    ],
)  # fmt: skip
async def test_ended_otherwise(stage: Stage, how: str, script: str) -> None:
    async def so(see: See) -> None:
        await require_ended(see, "job", how=how)  # type: ignore[arg-type]

    await stage.start(so)
    await stage.type(script)
    assert await stage.reason(so, settled="pass") == "pass"


FAREWELL = "trap 'echo bye; exit 0' TERM; while :; do sleep 0.1; done"
JOB = "docker run -d --name job"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f'{JOB} busybox sh -c "{FAREWELL}"; sleep 0.5; docker stop job', "pass"),
        (f'{JOB} busybox sh -c "{FAREWELL}"; sleep 0.5; docker restart job', "pass"),
        (f"{JOB} busybox true; sleep 0.5; docker rm job", "other-end"),
        (f"{JOB} {SLEEP}; docker stop -t 1 job", "other-signals"),
        (f"{JOB} --stop-signal KILL {SLEEP}; docker stop job", "other-signals"),
        (f'{JOB} busybox sh -c "{FAREWELL.replace("echo bye", "sleep 3")}"; sleep 0.5; '
         "docker stop job", "too-slow"),
        (f"{JOB} --init {SLEEP}; sleep 0.3; docker stop job", "other-code"),
        (f"{JOB} {SLEEP}; docker kill job", "other-end"),
    ],
)  # fmt: skip
async def test_ended_politely(stage: Stage, script: str, reason: str) -> None:
    async def so(see: See) -> None:
        await require_ended(see, "job", how="stopped", code=0, signals=[15], within=2)

    await stage.start(so)
    await stage.type(script)
    assert await stage.reason(so, settled=reason) == reason


async def test_what_a_container_wrote(stage: Stage) -> None:
    await stage.type(
        "docker run -d --name job busybox sh -c 'echo one; echo two >&2; echo three'; "
        "docker wait job; docker start -a job; "
        "docker run -d --name mute --log-driver none busybox echo one"
    )
    see = Inquiry(stage.ask, None)
    log, last, mute, none = await see(
        ContainerLogProbe("job"),
        ContainerLogProbe("job", lines=1),
        ContainerLogProbe("mute"),
        ContainerLogProbe("jo"),
    )
    assert mute.exists
    assert (mute.out, mute.err) == ((), ())
    assert log.out == ("one", "three", "one", "three")
    assert log.err == ("two", "two")
    assert len(last.out + last.err) == 1
    assert not none.exists


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("docker pause c3; docker unpause c3; docker stop -t 0 c3", "pass"),
        ("docker rename c3 c9; docker pause c9; docker unpause c9; docker stop -t 0 c9", "pass"),
        ("docker pause c3", "not-happened"),
        ("docker stop -t 0 c3; docker start c3; docker pause c3; docker unpause c3", "other-order"),
        ("docker pause c3; docker unpause c3; docker exec c3 true; docker stop -t 0 c3",
         "happened"),
        ("docker run -d --name c4 busybox sleep 9; docker pause c4; docker unpause c4; "
         "docker stop -t 0 c4", "not-happened"),
    ],
)  # fmt: skip
async def test_order(stage: Stage, script: str, reason: str) -> None:
    async def so(see: See) -> None:
        await require_order(
            see, DockerEventsProbe("c3"), "pause", "unpause", Fact("die", {"exitCode": "137"}),
            never=("exec_start",),
        )  # fmt: skip

    # What happened before the step began is no part of it.
    await stage.type(f"docker run -d --name c3 {SLEEP}; docker pause c3; docker unpause c3")
    await stage.start(so)
    await stage.type(script)
    assert await stage.reason(so, settled=reason) == reason
    await stage.type("docker unpause c3 2>/dev/null || true")
