"""Statements about jobs and their steps: right ways and wrong ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest

from lab_engine import protocol as p
from lab_engine.authoring import (
    See,
    SlurmProbe,
    SlurmReading,
    require_ahead,
    require_job,
    require_kept_alive,
    require_placed_jobs,
    require_worked_off,
)
from lab_engine.bench.connection import Connection, relay_argv
from lab_engine.bench.container import Bench
from lab_engine.families.drawing import Parts, Questions
from lab_engine.families.slurm.picture import read as draw
from tests.bench.conftest import ok
from tests.requirements.conftest import Stage
from tests.requirements.packed import bench_with

pytestmark = [pytest.mark.bench]

LASTS = "--wrap 'sleep 1d'"
CLEAR = """cd /opt/infralab/lib && /opt/infralab/venv/bin/python - <<'END'
from lab_engine.families.slurm.agent import inventory
for key in inventory.entries():
    inventory.remove(key)
left = inventory.entries()
assert not left, left
END"""
SCRIPT = """
s() { (echo '#!/bin/sh'; cat) > job; }
ended() { for _ in $(seq 80); do squeue -h -n $1 | grep -q . || return 0; sleep 0.1; done; false; }
runs() { for _ in $(seq 80); do
  [ $(squeue -h -t R -n $1 | wc -l) = ${2:-1} ] && return 0; sleep 0.1; done; false; }
again() { scontrol requeue $1; for _ in $(seq 80); do
  scontrol show job $1 | grep -q JobState=PENDING && break; sleep 0.1; done
  # It waits two minutes by itself. Begun within the second in which its machine gave up the last
  # run, it is taken for that one, and fails.
  sleep 3; scontrol update JobId=$1 StartTime=now; runs keeper; }
step() { for _ in $(seq 80); do
  squeue -h -s | grep -q "[.]$1 " && return 0; sleep 0.1; done; false; }
"""


@pytest.fixture(scope="module")
def host(make_bench: Callable[..., Bench]) -> Bench:
    made = bench_with(make_bench, "slurm")
    ok(made.run(["/usr/lib/infralab/bin/start-slurm"]))
    return made


@pytest.fixture
async def floor(host: Bench) -> AsyncIterator[Stage]:
    link = Connection(relay_argv(host))
    await link.open(steal=True)
    stage = Stage(host, link)
    await link.request(p.StartDaemons, dict[str, bool], daemons=("slurm",))
    await stage.type("mkdir -p ~/work")
    yield stage
    await stage.type(CLEAR, user="root")
    await stage.type("rm -rf ~/work/*")
    await link.close()


async def share(see: See) -> None:
    await require_job(see, "mill", cpus=3, memory=180)


async def waits(see: See) -> None:
    await require_job(see, "mill", cpus=6, waits=True)


async def ahead(see: See) -> None:
    await require_ahead(see, "small", of="big", cpus=1, within=30)


async def work(see: See) -> None:
    await require_worked_off(see, "press", 3, cpus=2)


async def alive(see: See) -> None:
    await require_kept_alive(see, "keeper")


async def placed(see: See) -> None:
    await require_placed_jobs(see, "bee", 2, machines=1, partition="all")


BEFORE = f"sbatch -J long -n 5 --time 30 {LASTS}; sbatch -J big -n 6 {LASTS}"
TASK = "srun --exact -n 1 sleep 0.5"
LOOP = "while true; do srun sleep 1d; sleep 0.3; done"


@pytest.mark.parametrize(
    ("statement", "script", "reason"),
    [
        (share, "true", "no-job"),
        (share, f"sbatch -J mill -n 3 --mem-per-cpu 60 {LASTS}", "pass"),
        (share, "salloc -J mill -c 1 -n 3 --mem-per-cpu 60 --no-shell", "pass"),
        # One that has ended is no second one.
        (share, f"srun -J mill -n 3 true; sbatch -J mill -n 3 --mem-per-cpu 60 {LASTS}", "pass"),
        (share, f"sbatch -J mills -n 3 --mem-per-cpu 60 {LASTS}", "other-name"),
        (share, f"sbatch -J mill -n 2 --mem-per-cpu 90 {LASTS}", "other-share"),
        (share, f"sbatch -J mill -n 3 --mem 180 {LASTS}", "other-memory"),
        (share, "srun -J mill -n 3 --mem-per-cpu 60 true", "ended"),
        (share, f"for _ in 1 2; do sbatch -J mill -n 3 --mem-per-cpu 60 {LASTS}; done",
         "several-jobs"),
        (share, f"sbatch -J a -n 6 {LASTS}; runs a; sbatch -J mill -n 3 --mem-per-cpu 60 {LASTS}",
         "waits"),
        (waits, f"sbatch -J a -n 1 {LASTS}; runs a; sbatch -J mill -n 6 {LASTS}", "pass"),
        (waits, f"sbatch -J mill -n 6 {LASTS}", "runs"),
        (waits, f"sbatch -J a -n 1 {LASTS}; runs a; sbatch -J mill --exclusive -N 3 {LASTS}",
         "pass"),
        (share, f"sbatch -J mill -c 3 {LASTS} || true", "no-such-share"),
        (share, f"sbatch -J mill -n 3 --mem-per-cpu 60 {LASTS}; runs mill; scancel -n mill",
         "cancelled"),
        (waits, f"sbatch -J mill -n 6 --hold {LASTS}", "held-back"),
        (waits, f"sbatch -J mill -n 6 --begin now+1hour {LASTS}", "begins-later"),
        (ahead, f"{BEFORE}; sbatch -J small -n 1 --time 5 {LASTS}", "pass"),
        (ahead, f"{BEFORE}; srun -J small -n 1 --time 5 true", "pass"),
        (ahead, f"{BEFORE}; sbatch -J small -n 1 {LASTS}", "held"),
        (ahead, f"{BEFORE}; sbatch -J small -n 2 --time 5 {LASTS}", "other-share"),
        (ahead, f"{BEFORE}; sbatch -J small -n 1 {LASTS}; "
         "sudo scontrol update JobId=$(squeue -h -n small -o %i) Priority=99999", "no-end"),
        (ahead, f"sbatch -J small -n 1 --time 5 {LASTS}; {BEFORE}", "was-first"),
        (ahead, f"sbatch -J big -n 5 {LASTS}; sbatch -J small -n 1 {LASTS}", "nobody-waits"),
        (work, f"echo '{f'{TASK} & ' * 3} wait' | s; sbatch -J press -n 2 job; ended press",
         "pass"),
        # A try that went wrong before it is forgotten.
        (work, f"sbatch -J press -n 2 --wrap true; ended press; echo '{f'{TASK} & ' * 3} wait' | s;"
         " sbatch -J press -n 2 job; ended press", "pass"),
        (work, f"for _ in 1 2 3; do sbatch -J press -n 1 --wrap '{TASK}'; done; ended press",
         "a-job-each"),
        (work, "sbatch -J press -n 2 --wrap 'sleep 1'; ended press", "no-steps"),
        (work, f"echo '{f'{TASK} & ' * 3} wait' | s; sbatch -J press -n 3 job", "other-share"),
        (work, f"sbatch -J press -n 2 {LASTS}", "still-runs"),
        (work, f"echo '{f'{TASK}; ' * 3}' | s; sbatch -J press -n 2 job; ended press",
         "one-at-a-time"),
        (work, f"echo '{f'{TASK} & ' * 4} wait' | s; sbatch -J press -n 2 job; ended press",
         "other-count"),
        (work, f"echo '{f'{TASK} & ' * 2} srun --exact -n 1 false & wait' | s; "
         "sbatch -J press -n 2 job; ended press", "failed"),
        (work, f"echo '{f'{TASK}0 & ' * 3} sleep 1' | s; sbatch -J press -n 2 job; ended press",
         "cut-off"),
        (work, f"echo '{'srun --overlap -n 1 sleep 1 & ' * 3} wait' | s; sbatch -J press -n 2 job;"
         " ended press", "too-many-at-once"),
        (alive, f"echo '{LOOP}' | s; sbatch -J keeper -n 1 job; step 0; "
         "pkill -f '^/usr/bin/sleep 1d'; step 1", "pass"),
        (alive, f"echo '{LOOP}' | s; sbatch -J keeper -n 1 job; step 0", "never-fell"),
        (alive, "sbatch -J keeper -n 1 --wrap 'srun sleep 0.3'; ended keeper", "ended"),
        (alive, f"sbatch -J keeper -n 1 {LASTS}; runs keeper", "no-steps"),
        (alive, "echo 'srun sleep 0.3; sleep 1d' | s; sbatch -J keeper -n 1 job; step 0; sleep 1",
         "not-back"),
        (alive, "echo 'srun true; srun --exact -n 1 sleep 1d & srun --exact -n 1 sleep 1d & wait' |"
         " s; sbatch -J keeper -n 2 job; step 1; step 2", "several-at-once"),
        (alive, f"echo '{LOOP}' | s; sbatch -J keeper -n 1 job; step 0; scancel -n keeper; "
         "ended keeper; sbatch -J keeper -n 1 job; step 0", "new-job"),
        (alive, f"echo '{LOOP}' | s; sbatch --requeue -J keeper -n 1 job; step 0; "
         "scontrol requeue $(squeue -h -n keeper -o %i); sleep 0.5", "begins-later"),
        (alive, f"echo '{LOOP}' | s; sbatch --requeue -J keeper -n 1 job; step 0; "
         "again $(squeue -h -n keeper -o %i)", "requeued"),
        (placed, f"for _ in 1 2; do sbatch -J bee -n 1 {LASTS}; done; runs bee 2", "pass"),
        (placed, f"sbatch --array 1-2 -J bee -n 1 {LASTS}; runs bee 2", "pass"),
        (placed, f"for _ in 1 2; do sbatch -p spread -J bee -n 1 {LASTS}; done", "other-door"),
        (placed, f"for _ in 1 2; do sbatch -w m2 -J bee -n 1 {LASTS}; done; runs bee 2", "chosen"),
        (placed, f"for _ in 1 2; do sbatch -J bee -n 2 {LASTS}; done; runs bee 2", "elsewhere"),
        (placed, f"sbatch -J bee -n 1 {LASTS}; runs bee", "other-count"),
    ],
)  # fmt: skip
async def test_jobs(
    floor: Stage, statement: Callable[[See], Awaitable[None]], script: str, reason: str
) -> None:
    await floor.start(statement)
    await floor.type(f"{SCRIPT}{script}")
    assert await floor.reason(statement, settled=reason) == reason


async def test_what_was_before_does_not_count(floor: Stage) -> None:
    await floor.type(f"sbatch -J mill -n 3 --mem-per-cpu 60 {LASTS}")
    await floor.start(share)
    assert await floor.reason(share) == "no-job"


async def test_it_is_drawn_with_what_each_job_has(floor: Stage) -> None:
    await floor.type(f"{SCRIPT} sbatch -J mill -n 3 {LASTS}; runs mill")
    (answer,) = await floor.ask([SlurmProbe()])
    (job, *_) = [one for one in msgspec.json.decode(answer.reading, type=SlurmReading).jobs
                 if one.active]  # fmt: skip
    parts = Parts()
    await draw(Questions(floor.ask), parts)
    assert {"m1", "m2", "m3", "mill"} == {node.name for node in parts.nodes.values()}
    assert {edge.place for edge in parts.edges} == {f"slurm-machine/{name}" for name in job.given}


async def test_a_machine_that_was_closed_is_opened_again(floor: Stage) -> None:
    await floor.type("sudo scontrol update NodeName=m2 State=DRAIN Reason=test")
    await floor.type(CLEAR, user="root")
    assert "drain" not in await floor.type("sinfo -h -N -o '%N %T'")
