"""Statements about control groups, with whichever version this machine has."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from lab_engine.authoring import (
    CgroupsProbe,
    DockerContainerProbe,
    See,
    require_group,
    require_held_back,
    require_in_group,
    require_process,
)
from tests.requirements.conftest import Stage

pytestmark = [pytest.mark.bench]

NAMES = """
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    PIDS=/sys/fs/cgroup MEMORY=/sys/fs/cgroup CPU=/sys/fs/cgroup LIMIT=memory.max
    quota() { echo "$2 $3" | sudo tee $CPU/$1/cpu.max; }
else
    PIDS=/sys/fs/cgroup/pids MEMORY=/sys/fs/cgroup/memory CPU=/sys/fs/cgroup/cpu
    LIMIT=memory.limit_in_bytes
    quota() {
        echo $3 | sudo tee $CPU/$1/cpu.cfs_period_us
        echo $2 | sudo tee $CPU/$1/cpu.cfs_quota_us
    }
fi
put() { echo $1 | sudo tee $2; }
within() { sudo sh -c "echo \\$\\$ > $1/cgroup.procs; $2"; }
"""
MADE = "sudo mkdir -p $PIDS/lab $MEMORY/lab $CPU/lab"
MEMORY = f"{MADE}; put 16M $MEMORY/lab/$LIMIT"
PIDS = f"{MADE}; put 4 $PIDS/lab/pids.max"
EAT = "exec tail /dev/zero >/dev/null"
FORK = "for i in 1 2 3 4 5 6; do sleep 0.2 & done; wait"
SPIN = "exec timeout 0.7 sh -c 'while :; do :; done'"


@pytest.fixture
async def groups(stage: Stage) -> AsyncIterator[Stage]:
    yield stage
    await stage.type(
        "for group in /sys/fs/cgroup/*/lab* /sys/fs/cgroup/lab*; do [ -d $group ] || continue; "
        "for one in $group/*/ $group/; do [ -d $one ] || continue; "
        "while read pid; do sudo kill -9 $pid || true; done < $one/cgroup.procs; "
        "for try in 1 2 3 4 5 6 7 8 9; do sudo rmdir $one && break; sleep 0.1; done; done; done "
        "2>/dev/null; true"
    )


async def memory(see: See) -> None:
    await require_group(see, "/lab", memory=16 << 20)


async def pids(see: See) -> None:
    await require_group(see, "/lab", pids=4)


async def half(see: See) -> None:
    await require_group(see, "/lab", cpus=0.5)


@pytest.mark.parametrize(
    ("statement", "script", "reason"),
    [
        (memory, MEMORY, "pass"),
        (memory, f"{MADE}; put 16777216 $MEMORY/lab/$LIMIT", "pass"),
        (memory, "true", "no-group"),
        (memory, MADE, "no-limit"),
        (memory, f"{MADE}; put 16000000 $MEMORY/lab/$LIMIT", "other-memory"),
        (memory, f"{MADE}; put 16388K $MEMORY/lab/$LIMIT", "other-memory"),
        (memory, f"{MADE}; sudo mkdir $MEMORY/lab2; put 16M $MEMORY/lab2/$LIMIT", "no-limit"),
        (pids, PIDS, "pass"),
        (pids, f"{MADE}; put 5 $PIDS/lab/pids.max", "other-pids"),
        (pids, f"{MADE}; ulimit -u 400", "no-limit"),
        (half, f"{MADE}; quota lab 50000 100000", "pass"),
        (half, f"{MADE}; quota lab 20000 40000", "pass"),
        (half, f"{MADE}; quota lab 51000 100000", "other-cpus"),
        (half, f"{MADE}; quota lab 100000 50000", "other-cpus"),
        (half, MADE, "no-limit"),
    ],
)  # fmt: skip
async def test_limits(groups: Stage, statement: object, script: str, reason: str) -> None:
    await groups.type(f"{NAMES}\n{script}")
    assert await groups.reason(statement) == reason  # type: ignore[arg-type]


async def killed(see: See) -> None:
    await require_held_back(see, "/lab", "memory")


async def refused(see: See) -> None:
    await require_held_back(see, "/lab", "pids")


async def throttled(see: See) -> None:
    await require_held_back(see, "/lab", "cpu")


@pytest.mark.parametrize(
    ("statement", "before", "script", "reason"),
    [
        (killed, "true", f"{MEMORY}; within $MEMORY/lab '{EAT}' || true", "pass"),
        (killed, MEMORY, f"within $MEMORY/lab '{EAT}' || true", "pass"),
        (killed, f"{MEMORY}; within $MEMORY/lab '{EAT}' || true", "true", "not-grown"),
        (killed, f"{MEMORY}; within $MEMORY/lab '{EAT}' || true",
         f"sudo rmdir $MEMORY/lab; {MEMORY}; within $MEMORY/lab '{EAT}' || true", "pass"),
        (killed, MEMORY, "within $MEMORY/lab 'kill -9 \\$\\$' || true", "not-grown"),
        (killed, MEMORY, f"sudo mkdir $MEMORY/lab2; put 16M $MEMORY/lab2/$LIMIT; "
         f"within $MEMORY/lab2 '{EAT}' || true", "not-grown"),
        (refused, PIDS, f"within $PIDS/lab '{FORK}' || true", "pass"),
        (refused, PIDS, "within $PIDS/lab 'sleep 0.1 & wait'", "not-grown"),
        (refused, PIDS, f"({FORK})", "not-grown"),
        (throttled, f"{MADE}; quota lab 10000 100000", f"within $CPU/lab \"{SPIN}\" || true",
         "pass"),
        (throttled, f"{MADE}; quota lab 10000 100000", "within $CPU/lab 'sleep 0.3'", "not-grown"),
        (throttled, f"{MADE}; quota lab 10000 100000", f"sh -c \"{SPIN}\" || true", "not-grown"),
    ],
)  # fmt: skip
async def test_counters(
    groups: Stage, statement: object, before: str, script: str, reason: str
) -> None:
    await groups.type(f"{NAMES}\n{before}")
    await groups.start(statement)  # type: ignore[arg-type]
    await groups.type(f"{NAMES}\n{script}")
    assert await groups.reason(statement) == reason  # type: ignore[arg-type]


async def inside(see: See) -> None:
    process, _ = await require_process(see, ["sleep", "41234"])
    await require_in_group(see, process.pid, "/lab", "pids")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("within $PIDS/lab 'exec sleep 41234' &", "pass"),
        ("sleep 41234 & put $! $PIDS/lab/cgroup.procs", "pass"),
        ("sleep 41234 &", "other-group"),
        ("sudo mkdir $PIDS/lab/lab; within $PIDS/lab/lab 'exec sleep 41234' &", "other-group"),
        ("sudo mkdir $PIDS/lab2; within $PIDS/lab2 'exec sleep 41234' &", "other-group"),
    ],
)
async def test_where_a_process_is(groups: Stage, script: str, reason: str) -> None:
    waiting = "until pgrep -xf 'sleep 41234' >/dev/null; do sleep 0.05; done"
    quiet = script.removesuffix("&") + (">/dev/null 2>&1 &" if script.endswith("&") else "")
    await groups.type(f"{NAMES}\n{MADE}\n{quiet}\n{waiting}")
    assert await groups.reason(inside) == reason


async def test_a_container_is_in_a_group(groups: Stage) -> None:
    async def limited(see: See) -> None:
        box = await see(DockerContainerProbe("box"))
        await require_group(see, "box", pid=box.pid, memory=48 << 20, cpus=0.25, pids=12)

    await groups.type(
        "docker run -d --name box -m 48m --cpus 0.25 --pids-limit 12 busybox sleep 1d"
    )
    assert await groups.reason(limited) == "pass"
    await groups.type("docker update -m 40m --memory-swap 40m box")
    assert await groups.reason(limited) == "other-memory"


async def test_only_groups_made_by_hand_are_listed(groups: Stage) -> None:
    seen = []

    async def listed(see: See) -> None:
        seen.append(await see(CgroupsProbe()))

    await groups.type("docker run -d --name box busybox sleep 1d")
    await groups.reason(listed)
    assert seen[-1].version in (1, 2)
    assert not seen[-1].groups
    await groups.type(f"{NAMES}\n{MADE}; sudo mkdir $PIDS/lab/below")
    await groups.reason(listed)
    assert [one.path for one in seen[-1].groups] == ["/lab", "/lab/below"]
