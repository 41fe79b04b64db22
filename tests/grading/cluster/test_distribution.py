"""Lessons given to real workers of Dask: each graded once, whoever dies."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab_engine.errors import InfralabError
from lab_engine.grading.batch import run
from lab_engine.grading.batch.run import Report, Wanted
from lab_engine.grading.cluster import crew, distribution
from lab_engine.grading.gradebook.book import Gradebook
from tests.grading.batch.standing_in import submissions, wanted
from tests.grading.cluster import at_work
from tests.grading.cluster.workers import ROOT, Workers
from tests.kit import Kit

pytestmark = pytest.mark.programs

WHO = [f"learner{number:02}" for number in range(8)]


class Said(list[str]):
    def __call__(self, line: str) -> None:
        self.append(line)

    def has(self, *words: str) -> bool:
        return any(all(word in line for word in words) for line in self)


async def graded(
    asked: Wanted, paths: list[Path], workers: Workers, said: Said, grade: Any = at_work.grade
) -> Report:
    with Gradebook.writing(asked.classroom.gradebook) as book:
        async with distribution.distributed(
            workers.address, asked, "auto", said, at_work.look, grade
        ) as spread:
            return await run.run(paths, spread, book, said)


def rows(asked: Wanted) -> list[str]:
    with Gradebook.reading(asked.classroom.gradebook) as book:
        return sorted(one.learner for one in book.gradings("week-3"))


async def until(said: Said, *words: str) -> None:
    async with asyncio.timeout(120):
        while not said.has(*words):
            await asyncio.sleep(0.1)


def handed_in(kit: Kit, folder: Path, who: list[str]) -> tuple[Wanted, list[Path]]:
    asked = wanted(kit.load(), folder / "net", who)
    return asked, submissions(asked.classroom, folder / "in", who)


async def test_two_workers_grade_a_class_and_each_of_it_once(
    kit: Kit, tmp_path: Path, workers: Workers
) -> None:
    asked, paths = handed_in(kit, tmp_path, WHO)
    workers.worker("a")
    workers.worker("b")
    workers.there()
    said = Said()
    report = await graded(asked, paths, workers, said)
    assert rows(asked) == WHO
    assert {one.isolation for one in report.graded} == {"container"}
    assert sorted(session for session, _ in workers.begun()) == [f"s-{who}" for who in WHO]
    assert said.has("the worker a grades in a container, 2 benches at once")
    assert said.has("hm")
    assert said.has("4/8", "left")
    again = await graded(asked, paths, workers, said)
    assert (again.graded, len(again.before)) == ([], 8)


async def test_a_worker_killed_in_mid_grading_costs_nothing(
    kit: Kit, tmp_path: Path, workers: Workers
) -> None:
    asked, paths = handed_in(kit, tmp_path, WHO)
    processes = [workers.worker("a"), workers.worker("b")]
    workers.there()
    said = Said()

    async def kill() -> int:
        while len({pid for _, pid in workers.begun()}) < 2:
            await asyncio.sleep(0.05)
        _, pid = workers.begun()[-1]
        assert pid in {one.pid for one in processes}
        os.kill(pid, signal.SIGKILL)
        return pid

    report, killed = await asyncio.gather(graded(asked, paths, workers, said), kill())
    assert rows(asked) == WHO
    assert [one.outcome for one in report.graded] == ["reproduced"] * 8
    begun = workers.begun()
    twice = {session for session, _ in begun if [one for one, _ in begun].count(session) > 1}
    assert twice
    assert twice <= {session for session, pid in begun if pid == killed}


async def test_a_worker_that_comes_later_takes_over(
    kit: Kit, tmp_path: Path, workers: Workers
) -> None:
    asked, paths = handed_in(kit, tmp_path, WHO)
    first = workers.worker("a")
    said = Said()
    batch = asyncio.gather(graded(asked, paths, workers, said))
    await until(said, "1/8")
    first.kill()
    await until(said, "the worker a has gone")
    workers.worker("b")
    await batch
    assert rows(asked) == WHO
    assert said.has("no worker is left")


@pytest.mark.slow
async def test_what_each_worker_dies_of_is_no_zero(
    kit: Kit, tmp_path: Path, workers: Workers
) -> None:
    who = ["ada", "deadly"]
    asked, paths = handed_in(kit, tmp_path, who)
    workers.worker("a", "--nanny", room="bench=1 memory=100000000000")
    report = await graded(asked, paths, workers, Said())
    of = {one.learner: one for one in report.graded}
    assert of["ada"].earned == 20.0
    assert (of["deadly"].earned, of["deadly"].failed) == (None, True)
    assert "workers" in of["deadly"].message
    assert len([one for one, _ in workers.begun() if one == "s-deadly"]) == distribution.TRIES


async def test_a_worker_without_its_engine_gives_its_work_back(
    kit: Kit, tmp_path: Path, workers: Workers
) -> None:
    asked, paths = handed_in(kit, tmp_path, WHO[:4])
    workers.worker("a")
    workers.worker("b")
    workers.there()
    said = Said()
    await graded(asked, paths, workers, said, at_work.unfit)
    assert rows(asked) == WHO[:4]
    assert said.has("the worker a is not used: no engine answers")


async def test_workers_that_are_not_fit_are_named_with_what_mends_it(
    kit: Kit, tmp_path: Path, workers: Workers
) -> None:
    asked, paths = handed_in(kit, tmp_path, WHO[:2])
    workers.worker("plain", room="")
    workers.worker("small", room="bench=1 memory=1000000")
    workers.worker("old", INFRALAB_TEST_WHY="its edition is another one")
    # In front of an infralab that is installed with Dask, as it is in a set-up checkout.
    bare = tmp_path / "bare" / "lab_engine"
    bare.mkdir(parents=True)
    (bare / "__init__.py").write_text("raise ModuleNotFoundError('no infralab')\n")
    workers.worker("bare", PYTHONPATH=str(bare.parent))
    workers.there()
    with pytest.raises(InfralabError) as refused:
        await graded(asked, paths, workers, Said())
    told = refused.value.message
    assert "plain: it offers no benches" in told
    assert "small: it offers less than the" in told
    assert "old: its edition is another one" in told
    assert "bare: infralab cannot be used there" in told
    assert f"infralab worker {workers.address}" in refused.value.hint


async def test_nobody_is_there(
    kit: Kit, tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, paths = handed_in(kit, tmp_path, WHO[:1])
    monkeypatch.setattr(crew, "FIRST_SECONDS", 1.0)
    with pytest.raises(InfralabError, match="no worker is connected") as told:
        await graded(asked, paths, workers, Said())
    assert f"infralab worker {workers.address}" in told.value.hint


CLIENT = """
import asyncio, sys
from pathlib import Path
from lab_engine.course.lesson import load_course
from lab_engine.grading.batch import run
from lab_engine.grading.cluster import distribution
from lab_engine.grading.gradebook.book import Gradebook
from tests.grading.batch.standing_in import wanted
from tests.grading.cluster import at_work

async def grade(root, address, course):
    asked = wanted(course, root / "net", [])
    paths = sorted((root / "in").glob("*.zip"))
    with Gradebook.writing(asked.classroom.gradebook) as book:
        async with distribution.distributed(
            address, asked, "auto", print, at_work.look, at_work.grade
        ) as spread:
            await run.run(paths, spread, book, lambda said: print(said, flush=True))

sys.path.insert(0, sys.argv[1])
root = Path(sys.argv[1])
asyncio.run(grade(root, sys.argv[3], load_course(root / "content", labs=sys.argv[2])))
"""


@pytest.mark.slow
def test_a_client_killed_at_any_moment_goes_on(kit: Kit, tmp_path: Path, workers: Workers) -> None:
    asked, _ = handed_in(kit, tmp_path, WHO)
    workers.worker("a")
    workers.worker("b")
    workers.there()
    words = [sys.executable, "-c", CLIENT, str(tmp_path), kit.package, workers.address]
    codes = []
    for wanted_line in ("2/8", "never"):
        client = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert client.stdout is not None
        for line in client.stdout:
            if line.startswith(wanted_line):
                os.kill(client.pid, signal.SIGKILL)
        client.stdout.close()
        codes.append(client.wait())
    assert codes == [-9, 0]
    assert rows(asked) == WHO
