"""What the entrypoint does where the host has cgroup v2, which is not everywhere."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from lab_engine.bench.container import Bench
from tests.bench.conftest import ok, sh

pytestmark = [pytest.mark.bench]

READ = """
import msgspec, sys
from lab_engine.families.files.probes import CgroupProbe
from lab_engine.families.files.agent.cgroups import read_cgroup
sys.stdout.buffer.write(msgspec.json.encode(read_cgroup(CgroupProbe(pid=int(sys.argv[1])))))
"""


@pytest.fixture(autouse=True)
def version2(bench: Bench) -> None:
    if sh(bench, "stat -fc %T /sys/fs/cgroup") != "cgroup2fs":
        pytest.skip("this machine has cgroup v1; `./infralab test --v2` boots one that has v2")


def read(bench: Bench, container: str) -> dict[str, object]:
    """What a check would learn of the limits of a container."""
    pid = sh(bench, f"docker inspect -f '{{{{.State.Pid}}}}' {container}")
    argv = ["/opt/infralab/venv/bin/python", "-c", READ, pid]
    text = ok(bench.run(argv, env={"PYTHONPATH": "/opt/infralab/lib"}))
    found: dict[str, object] = json.loads(text)
    return found


def test_no_process_stays_at_the_top(bench: Bench) -> None:
    assert sh(bench, "cat /sys/fs/cgroup/cgroup.procs") == ""
    assert sh(bench, "cat /proc/1/cgroup") == "0::/bench"


def test_controllers_are_handed_down(bench: Bench) -> None:
    enabled = set(sh(bench, "cat /sys/fs/cgroup/cgroup.subtree_control").split())
    assert {"cpu", "cpuset", "io", "memory", "pids"} <= enabled


def test_a_command_from_outside_joins_the_group_of_the_bench(bench: Bench) -> None:
    for user in ("root", "learner"):
        assert sh(bench, "cat /proc/self/cgroup", user=user) == "0::/bench"


def test_docker_inside_makes_its_groups_itself(bench: Bench) -> None:
    found = sh(bench, "docker info -f '{{.CgroupVersion}} {{.CgroupDriver}}'")
    assert found == "2 cgroupfs"


def test_limits_of_a_container_are_read_back(bench: Bench) -> None:
    limits = "--memory 32m --pids-limit 15 --cpus 0.5 --cpuset-cpus 0"
    try:
        sh(bench, f"docker run -d --name limited {limits} busybox sleep 1d")
        found = read(bench, "limited")
        assert found["version"] == 2
        assert (found["memory"], found["pids"], found["cpus"]) == (32 << 20, 15, 0.5)
        assert found["cpuset"] == "0"
        assert not found.get("frozen")
        sh(bench, "docker pause limited")
        assert read(bench, "limited")["frozen"]
        sh(bench, "docker unpause limited")
        assert sh(bench, "docker exec limited sh -c 'cat /proc/self/cgroup'") == "0::/"
    finally:
        sh(bench, "docker rm -f limited")


def test_a_limit_set_by_hand_is_enforced(bench: Bench) -> None:
    """What a learner does in a lesson: a group, a limit, a process that runs into it."""
    script = """
    group=/sys/fs/cgroup/by-hand; mkdir $group; echo 16M > $group/memory.max
    echo 0 > $group/memory.swap.max 2> /dev/null || true
    hog="head -c 64m /dev/zero | tail -c 64m > /dev/null"
    sh -c "echo \\$\\$ > $group/cgroup.procs; $hog" || echo ended: $?
    grep -w oom_kill $group/memory.events; rmdir $group
    """
    lines = sh(bench, script).splitlines()
    assert lines[0].startswith("ended: ")
    assert int(lines[-1].split()[1]) >= 1


def test_it_holds_after_a_restart(make_bench: Callable[..., Bench]) -> None:
    """Stop and start give a new group, which the entrypoint prepares anew."""
    made = make_bench("v2-again")
    made.stop()
    made.start()
    test_no_process_stays_at_the_top(made)
    test_controllers_are_handed_down(made)
    made.remove()
