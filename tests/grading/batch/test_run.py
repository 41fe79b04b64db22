"""A batch: nothing graded twice, nothing lost, no file that stops the others."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab_engine.errors import DockerUnavailable, InfralabError
from lab_engine.grading.batch import run
from lab_engine.grading.batch.run import Report, Wanted
from lab_engine.grading.gradebook.book import Gradebook
from lab_engine.grading.gradebook.graded import LessonGrade
from tests.grading import made
from tests.grading.batch.standing_in import passed, submissions, wanted
from tests.kit import Kit

WHO = ["ada", "bob", "cyd", "dan"]


async def graded(asked: Wanted, paths: list[Path]) -> Report:
    with Gradebook.writing(asked.classroom.gradebook) as book:
        return await run.run(paths, asked, book)


def rows(asked: Wanted) -> list[str]:
    with Gradebook.reading(asked.classroom.gradebook) as book:
        return sorted(one.learner for one in book.gradings("week-3"))


async def test_each_is_graded_once(kit: Kit, tmp_path: Path) -> None:
    asked = wanted(kit.load(), tmp_path / "net", WHO)
    paths = submissions(asked.classroom, tmp_path / "in", WHO)
    first = await graded(asked, [*paths, paths[0]])
    assert len(first.graded) == 4
    assert [one.earned for one in first.graded] == [20.0] * 4
    assert first.graded[0].edition == asked.graders.key
    again = await graded(asked, paths)
    assert (again.graded, len(again.before)) == ([], 4)
    kit.change("content/07.6-bridges/10-one.md", "Why it is so.", "Why.")
    other = wanted(kit.load(), tmp_path / "net", WHO)
    assert len((await graded(other, paths)).graded) == 4
    assert rows(asked) == sorted(WHO * 2)


async def test_one_bad_file_stops_nothing(kit: Kit, tmp_path: Path) -> None:
    asked = wanted(kit.load(), tmp_path / "net", WHO)
    paths = submissions(asked.classroom, tmp_path / "in", WHO)
    paths[1].write_bytes(b"harm")
    paths[2].write_bytes(made.packed(assignment="week-9"))
    report = await graded(asked, [*paths, tmp_path / "none.zip"])
    assert sorted(one.reason for one in report.refused.values()) == [
        "absent", "assignment", "no-zip",
    ]  # fmt: skip
    assert rows(asked) == ["ada", "dan"]


async def test_a_fault_of_ours_is_never_a_zero(kit: Kit, tmp_path: Path) -> None:
    async def grade(lesson: Any, terms: Any, part: Any, *rest: Any) -> LessonGrade:
        if part.part.session == "s-bob":
            raise RuntimeError("a bug")
        return await passed()

    asked = wanted(kit.load(), tmp_path / "net", WHO, grade=grade)
    report = await graded(asked, submissions(asked.classroom, tmp_path / "in", WHO))
    of = {one.learner: one for one in report.graded}
    assert len(of) == 4
    assert (of["bob"].earned, of["bob"].outcome) == (None, "not replayable")
    assert "a bug" in of["bob"].message
    assert of["cyd"].earned == 20.0


async def test_what_infralab_failed_at_is_tried_again(kit: Kit, tmp_path: Path) -> None:
    async def broken(*given: Any) -> LessonGrade:
        raise RuntimeError("a bug")

    one = wanted(kit.load(), tmp_path / "net", WHO, grade=broken)
    paths = submissions(one.classroom, tmp_path / "in", ["ada"])
    assert (await graded(one, paths)).graded[0].failed
    report = await graded(wanted(kit.load(), tmp_path / "net", WHO), paths)
    assert [row.earned for row in report.graded] == [20.0]
    assert len((await graded(one, paths)).before) == 1
    with Gradebook.reading(one.classroom.gradebook) as book:
        assert [row.earned for row in book.gradings("week-3")] == [None, 20.0]
        assert [row.earned for row in book.latest("week-3")] == [20.0]


async def test_without_an_engine_nothing_is_written(kit: Kit, tmp_path: Path) -> None:
    async def gone(*given: Any) -> LessonGrade:
        raise DockerUnavailable("no engine answers")

    asked = wanted(kit.load(), tmp_path / "net", WHO, grade=gone, benches=3)
    paths = submissions(asked.classroom, tmp_path / "in", WHO)
    with pytest.raises(DockerUnavailable):
        await graded(asked, paths)
    assert rows(asked) == []


async def test_so_many_benches_at_once(kit: Kit, tmp_path: Path) -> None:
    now = most = 0

    async def grade(*given: Any) -> LessonGrade:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.05)
        now -= 1
        return made.lesson_grade()

    who = [f"learner{n}" for n in range(9)]
    asked = wanted(kit.load(), tmp_path / "net", who, benches=3, grade=grade)
    report = await graded(asked, submissions(asked.classroom, tmp_path / "in", who))
    assert (len(report.graded), most) == (9, 3)


async def test_a_gradebook_that_cannot_be_written_ends_the_batch(kit: Kit, tmp_path: Path) -> None:
    ended = []

    async def grade(lesson: Any, terms: Any, part: Any, *rest: Any) -> LessonGrade:
        if part.part.session == "s-ada":
            return await passed()
        try:
            await asyncio.sleep(60)
        finally:
            # Where a bench is removed.
            ended.append(part.part.session)
        raise AssertionError

    asked = wanted(kit.load(), tmp_path / "net", WHO, benches=3, grade=grade)
    paths = submissions(asked.classroom, tmp_path / "in", WHO)
    with Gradebook.writing(asked.classroom.gradebook):
        pass
    told = pytest.raises(InfralabError, match=r"could not be written")
    with Gradebook.reading(asked.classroom.gradebook) as reader, told:
        await run.run(paths, asked, reader)
    assert sorted(ended) == ["s-bob", "s-cyd"]
    assert rows(asked) == []


GRADER = """
import asyncio, sys
from pathlib import Path
from lab_engine.course.lesson import load_course
from lab_engine.grading.batch import run
from lab_engine.grading.gradebook.book import Gradebook
from tests.grading.batch.standing_in import wanted
sys.path.insert(0, sys.argv[1])
root = Path(sys.argv[1])
asked = wanted(load_course(root / "content", labs=sys.argv[2]), root / "net", [], benches=3)
with Gradebook.writing(asked.classroom.gradebook) as book:
    paths = sorted((root / "in").glob("*.zip"))
    asyncio.run(run.run(paths, asked, book, lambda said: print(said, flush=True)))
"""


@pytest.mark.programs
def test_killed_at_any_moment_it_goes_on(kit: Kit, tmp_path: Path) -> None:
    who = [f"learner{n:02}" for n in range(40)]
    asked = wanted(kit.load(), tmp_path / "net", who)
    submissions(asked.classroom, tmp_path / "in", who)
    words = [sys.executable, "-c", GRADER, str(tmp_path), kit.package]
    kills = 0
    for after in (1, 5, 9, 13, 100):
        grader = subprocess.Popen(
            words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
        )
        assert grader.stdout is not None
        for _ in range(after):
            if not grader.stdout.readline():
                break
        else:
            os.kill(grader.pid, signal.SIGKILL)
            kills += 1
        grader.stdout.close()
        code = grader.wait()
    assert kills >= 3
    assert code == 0
    assert rows(asked) == who
