"""Statements about processes: what a process runs and where, not what it is called."""

from __future__ import annotations

import asyncio

import pytest

from lab_engine.authoring import See, require_process
from tests.requirements.conftest import Stage

pytestmark = [pytest.mark.bench]

QUIET = ">/dev/null 2>&1 &"
PYTHON = "echo 'import time; time.sleep(60)' > 43141"


async def sleeps(see: See) -> None:
    await require_process(see, ["sleep", "43141"])


async def apart(see: See) -> None:
    await require_process(see, ["sleep", "43141"], apart=["net"])


async def rootless(see: See) -> None:
    await require_process(see, ["sleep", "43141"], apart=["user"], inner_uid=0)


async def first(see: See) -> None:
    await require_process(see, ["sleep", "43141"], apart=["pid"], inner_pid=1)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f"setsid sleep 43141 {QUIET}", "pass"),
        (f"sudo setsid /usr/bin/sleep 43141 {QUIET}", "pass"),
        ("docker run -d --name c3 busybox sleep 43141", "pass"),
        (f"setsid busybox sleep 43141 {QUIET}", "not-running"),
        (f"setsid sleep 43142 {QUIET}", "not-running"),
        (f"{PYTHON}; setsid bash -c 'exec -a sleep python3 43141' {QUIET}", "other-program"),
        (f"setsid bash -c 'sleep 43141; true' {QUIET}", "pass"),
    ],
)
async def test_a_program(stage: Stage, script: str, reason: str) -> None:
    await stage.type(script)
    try:
        assert await stage.reason(sleeps, settled=reason) == reason
    finally:
        await stage.type("sudo pkill -x python3 || true")


@pytest.mark.parametrize(
    ("script", "statement", "reason"),
    [
        (f"sudo unshare -n setsid sleep 43141 {QUIET}", apart, "pass"),
        (f"sudo ip netns add room; sudo ip netns exec room setsid sleep 43141 {QUIET}", apart,
         "pass"),
        ("docker run -d --name c3 busybox sleep 43141", apart, "pass"),
        ("docker run -d --name c3 --network host busybox sleep 43141", apart, "not-apart"),
        (f"setsid sleep 43141 {QUIET}", apart, "not-apart"),
        (f"sudo unshare -m setsid sleep 43141 {QUIET}", apart, "not-apart"),
        (f"unshare -r setsid sleep 43141 {QUIET}", rootless, "pass"),
        (f"unshare -U setsid sleep 43141 {QUIET}", rootless, "other-user"),
        (f"sudo setsid sleep 43141 {QUIET}", rootless, "not-apart"),
        (f"sudo unshare -pf setsid sleep 43141 {QUIET}", first, "pass"),
        (f"sudo unshare -pf bash -c 'sleep 43141; true' {QUIET}", first, "not-first"),
    ],
)  # fmt: skip
async def test_where_it_lives(stage: Stage, script: str, statement: object, reason: str) -> None:
    await stage.type(script)
    try:
        assert await stage.reason(statement, settled=reason) == reason  # type: ignore[arg-type]
    finally:
        await stage.type("sudo pkill -f '[s]leep 43141' || true; sudo ip netns del room || true")


async def test_what_is_mounted_over_proc_changes_nothing(stage: Stage) -> None:
    """Neither another process's namespaces over its own, nor a made-up /proc over all of it."""
    await stage.type(f"setsid sleep 43141 {QUIET}\nsudo unshare -n setsid sleep 43142 {QUIET}")
    await stage.type("until pgrep -xf 'sleep 43142' && pgrep -xf 'sleep 43141'; do :; done")
    await stage.type(
        'of() { echo /proc/$(pgrep -nxf "sleep $1")/ns; }\n'
        "sudo mount --bind $(of 43142) $(of 43141)"
    )
    try:
        assert await stage.reason(apart) == "not-apart"
    finally:
        await stage.type("sudo umount /proc/$(pgrep -nxf 'sleep 43141')/ns")


async def test_a_proc_that_a_learner_wrote_is_not_read(stage: Stage) -> None:
    """For two seconds: while /proc is covered, nobody can be let into the bench by the engine."""
    fake = "/proc/4/stat"
    await stage.type(f"setsid sleep 43141 {QUIET}")
    assert await stage.reason(sleeps, settled="pass") == "pass"
    cover = f"mount -t tmpfs f /proc; mkdir {fake[:7]}; echo 4 > {fake}; sleep 2; umount /proc"
    await stage.type(f"sudo setsid -f sh -c '{cover}' >/dev/null 2>&1; sleep 0.3")
    assert await stage.reason(sleeps) == "pass"
    await asyncio.sleep(2.5)
