"""A cluster of Kubernetes on cgroup v2: its nodes are containers of a bench in a whole machine.

On demand, as `test_cgroup_v2` beside it.
"""

from __future__ import annotations

import pytest

from tests.v2 import guest, running

pytestmark = [pytest.mark.v2, pytest.mark.slow, pytest.mark.timeout(running.LIMIT)]


@pytest.fixture(scope="module")
def machine() -> running.Ran:
    return running.run(guest.KUBERNETES)


def test_every_node_is_ready(machine: running.Ran) -> None:
    assert machine.output("host").startswith("cgroup2fs")
    machine.output("up")
    lines = machine.output("nodes").splitlines()
    nodes = dict(line.split()[:2] for line in lines if " v1." in line)
    assert nodes
    assert set(nodes.values()) == {"Ready"}


def test_pods_have_groups_of_the_second_version(machine: running.Ran) -> None:
    words = machine.output("groups").split()
    assert words.count("cgroup2fs") == 2
    assert words.count("memory") == words.count("cpu") == words.count("pids") == 2


def test_a_step_is_made_ready_and_solved(machine: running.Ran) -> None:
    text = machine.output("walk")
    assert len(machine.good("walk")) > 2, text


def test_nothing_is_left(machine: running.Ran) -> None:
    machine.output("down")
    assert machine.output("left").strip() == ""
