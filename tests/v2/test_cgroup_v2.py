"""The kit on cgroup v2: a whole machine with systemd, in it Docker, a bench and a lesson's proof.

On demand: `./infralab test --v2`. The first run builds the machine's disk (some minutes); where KVM
does not work it is emulated, which makes each step ten to twenty times as slow.
"""

from __future__ import annotations

import pytest

from tests.v2 import guest, running

pytestmark = [pytest.mark.v2, pytest.mark.slow, pytest.mark.timeout(running.LIMIT)]


@pytest.fixture(scope="module")
def machine() -> running.Ran:
    return running.run(guest.CGROUPS)


def test_the_machine_has_systemd_and_cgroup_2(machine: running.Ran) -> None:
    lines = machine.output("host").split()
    assert lines[0] == "cgroup2fs"
    assert "systemd" in lines
    assert "2 systemd" in machine.output("host")


def test_the_saved_image_is_taken_up(machine: running.Ran) -> None:
    assert "infralab/bench:" in machine.output("image")


def test_facts_of_a_bench_hold(machine: running.Ran) -> None:
    text = machine.output("facts")
    assert " passed" in text
    assert " failed" not in text


def test_the_verifier_of_a_grading_looks(machine: running.Ran) -> None:
    text = machine.output("beside")
    assert " passed" in text
    assert " failed" not in text


def test_every_step_of_two_lessons_is_made_ready_and_solved(machine: running.Ran) -> None:
    text = machine.output("walk")
    assert len(machine.good("walk")) > 20, text


def test_near_misses_are_rejected(machine: running.Ran) -> None:
    text = machine.output("prove")
    assert len(machine.good("prove")) > 5, text


def test_nothing_is_left(machine: running.Ran) -> None:
    assert machine.output("left").strip() == ""
