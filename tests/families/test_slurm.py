"""What Slurm tells, as it tells it, and what is read from that."""

from __future__ import annotations

from typing import Any

import pytest

from lab_engine.families.slurm.agent import controller, inventory, readers
from lab_engine.families.slurm.probes import SlurmJob, SlurmProbe, SlurmStep
from lab_engine.kernel.processes import Process

LOG = """\
[2026-11-29T23:46:51.676] Running as primary controller
[2026-11-29T23:46:59.100] STEPS: step_create_from_msg: JobId=14 StepId=0 m1 usec=487
[2026-11-29T23:46:59.200] STEPS: step_create_from_msg: JobId=14 StepId=1 m[1-2] usec=475
[2026-11-29T23:46:59.848] STEPS: step_create_from_msg for JobId=14: Requested nodes are busy
[2026-11-29T23:47:01.909] STEPS: Processing RPC details: REQUEST_STEP_COMPLETE for StepId=14.0 \
nodes 0-0 rc=0(No error)
[2026-11-29T23:47:02.000] STEPS: Processing RPC details: REQUEST_STEP_COMPLETE for StepId=14.1 \
nodes 0-0 rc=256(Unknown error 256)
[2026-11-29T23:47:02.500] STEPS: Processing RPC details: REQUEST_STEP_COMPLETE for StepId=14.1 \
nodes 1-1 rc=0(No error)
[2026-11-29T23:47:04.136] STEPS: Skip _step_dealloc_lps for JobId=14 StepId=batch
"""


def number(value: int | None) -> dict[str, Any]:
    return {"set": value is not None, "infinite": value is None, "number": value or 0}


def job(**changes: Any) -> dict[str, Any]:
    """A job as `scontrol --json show jobs` tells it, as far as it is read."""
    told = {
        "job_id": 14,
        "name": "press",
        "user_name": "learner",
        "job_state": ["RUNNING"],
        "state_reason": "None",
        "partition": "all",
        "cpus": number(3),
        "memory_per_cpu": number(60),
        "memory_per_node": number(None),
        "node_count": number(2),
        "job_resources": {
            "nodes": {
                "allocation": [
                    {"name": "m1", "cpus": {"count": 2}},
                    {"name": "m2", "cpus": {"count": 1}},
                ]
            }
        },
        "required_nodes": "",
        "time_limit": number(None),
        "batch_flag": True,
        "submit_time": number(1000),
        "start_time": number(1001),
        "end_time": number(99999),
        "restart_cnt": 0,
        "shared": [],
    }
    return told | changes


@pytest.fixture
def farm(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """What the controller answers; its log is LOG."""
    told: dict[str, list[dict[str, Any]]] = {"jobs": [job()], "nodes": [], "steps": []}
    monkeypatch.setattr(controller, "listed", told.__getitem__)
    monkeypatch.setattr(controller, "log", LOG.splitlines)
    monkeypatch.setattr(readers, "members", lambda: {(14, "2"): HTTPD})
    return told


HTTPD = tuple(Process(pid, 1, "httpd", ("busybox", "httpd"), 1000, "S", 7, 9) for pid in (7, 8))
Farm = dict[str, list[dict[str, Any]]]


def test_a_step_of_two_machines_ends_with_the_last_and_as_the_worst() -> None:
    noted = controller.noted(LOG.splitlines())
    assert set(noted) == {(14, 0), (14, 1)}
    began, ended, code = noted[14, 1]
    assert round(ended - began, 3) == 3.3
    assert code == 256
    assert noted[14, 0][2] == 0


def test_a_job_that_runs(farm: Farm) -> None:
    (one,) = readers.read(SlurmProbe()).jobs
    assert one.running
    assert one.began == 1001
    assert not one.ended
    assert (one.cpus, one.memory, one.given) == (3, 180, {"m1": 2, "m2": 1})
    assert one.at_once == 2
    assert not any(step.running for step in one.steps)


def test_memory_by_the_machine_counts_on_each(farm: Farm) -> None:
    farm["jobs"] = [job(memory_per_cpu=number(None), memory_per_node=number(180))]
    assert readers.read(SlurmProbe()).jobs[0].memory == 360


@pytest.mark.parametrize("state", ["PENDING", "CANCELLED"])
def test_a_job_that_never_had_a_machine_never_began(farm: Farm, state: str) -> None:
    farm["jobs"] = [job(job_state=[state], job_resources={})]
    (one,) = readers.read(SlurmProbe()).jobs
    assert one.began == 0
    assert one.given == {}


def test_a_step_that_runs_has_its_name_and_processes(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    farm["steps"] = [{"id": "14.2", "name": "httpd", "number_cpus": 1}, {"id": "14.batch"}]
    began = "[2026-11-29T23:47:03.000] STEPS: step_create_from_msg: JobId=14 StepId=2 m1 usec=4"
    monkeypatch.setattr(controller, "log", lambda: [*LOG.splitlines(), began])
    step = readers.read(SlurmProbe()).jobs[0].steps[-1]
    assert step.running
    assert step.name == "httpd"
    assert step.pids == (7, 8)
    assert readers.read(SlurmProbe()).jobs[0].programs == ("busybox httpd",)


def test_whole_machines_are_all_of_their_processors(farm: Farm) -> None:
    farm["jobs"] = [job(shared=["none"], job_resources={}, job_state=["PENDING"])]
    farm["nodes"] = [{"name": "m1", "state": ["IDLE"], "cpus": 2, "real_memory": 1000,
                      "alloc_cpus": 0, "alloc_memory": 0}]  # fmt: skip
    (one,) = readers.read(SlurmProbe()).jobs
    assert (one.cpus, one.memory) == (4, 180)


def test_at_once_counts_what_overlaps() -> None:
    steps = (SlurmStep(0, 1.0, 2.0), SlurmStep(1, 1.5, 3.0), SlurmStep(2, 2.0))
    assert SlurmJob(1, "a", "learner", "RUNNING", steps=steps).at_once == 2
    assert SlurmJob(1, "a", "learner", "RUNNING").at_once == 0


def test_the_inventory_has_what_is_active_and_machines_that_are_closed(farm: Farm) -> None:
    farm["jobs"] = [job(), job(job_id=15), job(job_id=16, name="b", job_state=["COMPLETED"])]
    farm["nodes"] = [
        {"name": "m1", "state": ["MIXED"]},
        {"name": "m2", "state": ["IDLE", "DRAIN"]},
    ]
    assert inventory.entries() == {
        "slurm-job/press": "running, 3 processors and running, 3 processors",
        "slurm-machine/m2": "drain",
    }
