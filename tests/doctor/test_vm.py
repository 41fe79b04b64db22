"""What doctor says of the virtual machine for benches."""

from __future__ import annotations

import pytest

from lab_engine.doctor import docker, ready, vm
from lab_engine.doctor.machine import Output, State
from lab_engine.machine.life import State as Life
from lab_engine.machine.life import Status
from tests.doctor.test_doctor import VIRTUAL, by_name, healthy

OFF, ABSENT, BEGINS = Status(Life.STOPPED), Status(Life.ABSENT), Status(Life.BEGINS, 7)
RUNS = Status(Life.RUNNING, 7, "kvm", disk=3 << 30)
EMULATED = Status(Life.RUNNING, 7, "tcg")


@pytest.mark.parametrize("status", [ABSENT, OFF, BEGINS, RUNS, EMULATED])
def test_one_that_is_not_used_stands_against_nothing(status: Status) -> None:
    machine = healthy()
    machine.machine = status
    found = by_name(machine)["Machine"]
    assert found.state is State.OK
    assert found.lost == found.mend == ""


@pytest.mark.parametrize(
    ("status", "state", "mend"),
    [
        (ABSENT, State.MISSING, "infralab machine create"),
        (OFF, State.MISSING, "infralab machine start"),
        (BEGINS, State.MISSING, "infralab machine start"),
        (RUNS, State.OK, ""),
        (EMULATED, State.LIMITED, "See KVM"),
    ],
)
def test_one_that_is_used_must_run(status: Status, state: State, mend: str) -> None:
    machine = healthy()
    machine.variables["DOCKER_HOST"] = VIRTUAL
    machine.machine = status
    found = by_name(machine)["Machine"]
    assert found.state is state
    assert found.mend.startswith(mend)


def test_its_engine_is_not_taken_for_this_computers() -> None:
    machine = healthy()
    machine.variables["DOCKER_HOST"] = VIRTUAL
    machine.machine = RUNS
    found = by_name(machine)
    assert "in the virtual machine" in found["Docker engine"].found
    # This computer's disk, kernel and KVM are not the bench's.
    for name in ("Disk", "KVM"):
        assert found[name].state is State.UNKNOWN
    assert ready(found.values())


def test_an_engine_that_is_off_is_booted_not_started_with_systemctl() -> None:
    machine = healthy()
    machine.variables["DOCKER_HOST"] = VIRTUAL
    machine.machine = OFF
    machine.answers["docker version"] = Output(1, "", "Cannot connect to the Docker daemon")
    found = docker.reach(machine, docker.ask(machine))
    assert (found.state, found.mend) == (State.MISSING, "infralab machine start")


def test_no_docker_here_is_no_loss_then() -> None:
    machine = healthy()
    machine.commands.discard("docker")
    machine.variables["DOCKER_HOST"] = VIRTUAL
    machine.machine = OFF
    found = by_name(machine)
    assert found["Docker client"].state is State.OK
    assert found["Docker engine"].mend == "infralab machine start"


def test_before_anything_is_installed_it_is_not_looked_at() -> None:
    machine = healthy()
    machine.machine = None
    assert vm.vm(machine, docker.ask(machine)).state is State.UNKNOWN


def test_a_full_disk_is_no_setting() -> None:
    machine = healthy()
    machine.lacking = ["mkdir /var/lib/docker/overlay2/b1: no space left on device"]
    found = by_name(machine)["Bench rights"]
    assert found.state is State.MISSING
    assert found.mend.startswith("docker system df")
    assert "daemon.json" not in found.mend
