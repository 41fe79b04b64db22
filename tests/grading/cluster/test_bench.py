"""Real benches graded by two workers, of which one is killed at work."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from benchmarks.grading import handed_in
from lab_engine import settings as settings_module
from lab_engine.bench import engine, owner
from lab_engine.course.lesson import load_course
from lab_engine.grading.assignment import terms
from lab_engine.grading.batch import graders, run
from lab_engine.grading.batch.run import Wanted
from lab_engine.grading.classroom import Classroom
from lab_engine.grading.cluster import at_worker, distribution
from lab_engine.grading.gradebook.book import Gradebook
from lab_engine.grading.submission import gather, handed
from tests.grading import made
from tests.grading.batch.test_bench import WEEK
from tests.grading.cluster.workers import ROOT, Workers, end

WHO = ("ada", "bob", "cyd")


def benches_of(me: str) -> dict[str, str]:
    """Names of benches, with the process that each lives as long as."""
    found = engine.connect().api.containers(all=True, filters={"label": f"{owner.OWNER}={me}"})
    return {one["Names"][0]: one["Labels"].get(owner.PROCESS, "") for one in found}


@pytest.mark.bench
@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_real_work_survives_a_killed_worker(
    image_tag: str, workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    monkeypatch.setenv("INFRALAB_DATA_DIR", str(data))
    monkeypatch.setenv("INFRALAB_BENCH_MEMORY", "1g")
    me = owner.name(data)
    course, week = load_course(), terms.parse(tomllib.loads(WEEK), where="week-3.toml")
    room = Classroom.new(tmp_path / "net")
    room.keep(made.ROSTER)
    paths = []
    for who in WHO:
        seed = room.seed("week-3", who)
        part = handed_in(course, course.lesson("namespaces"), "uts", seed)
        paths.append(tmp_path / f"{who}.zip")
        manifest = gather.manifest(course, who, [part], "week-3")
        paths[-1].write_bytes(handed.pack(manifest, (part,)))
    doomed = workers.worker("doomed", room="bench=1 memory=2000000000")
    words = ["worker", workers.address, "--benches", "1", "--name", "steady"]
    steady = subprocess.Popen(
        [sys.executable, "-m", "lab_engine", *words, "--isolation", "container"], cwd=ROOT
    )
    said: list[str] = []

    async def kill() -> None:
        while not any(f"/{doomed.pid}/" in one for one in benches_of(me).values()):
            await asyncio.sleep(0.1)
        os.kill(doomed.pid, signal.SIGKILL)

    try:
        workers.there()
        settings = settings_module.load()
        asked = Wanted(course, week, room, graders.of(course, week), settings)
        with Gradebook.writing(room.gradebook) as book:
            async with distribution.distributed(
                workers.address, asked, "auto", said.append
            ) as spread:
                report, _ = await asyncio.gather(run.run(paths, spread, book, said.append), kill())
            rows = book.gradings("week-3")
    finally:
        end([steady])
    assert sorted(one.learner for one in rows) == list(WHO)
    assert [(one.outcome, one.earned) for one in report.graded] == [("reproduced", 20.0)] * 3, said
    assert {one.isolation for one in rows} == {"container"}
    assert any("the worker doomed has gone" in line for line in said)
    # What it left is removed by the next worker of this user that is looked at.
    assert any(f"/{doomed.pid}/" in one for one in benches_of(me).values())
    # Until somebody has taken note of its end, a process is not gone.
    doomed.wait()
    await asyncio.to_thread(at_worker._sweep)
    assert benches_of(me) == {}
