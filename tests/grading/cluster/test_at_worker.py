"""Whether a worker is fit, and a grading that nobody waits for any more."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from lab_engine import __version__
from lab_engine.course.lesson import load_course
from lab_engine.errors import InfralabError
from lab_engine.grading.assignment import terms as assignments
from lab_engine.grading.batch import graders, one
from lab_engine.grading.cluster import at_worker
from lab_engine.grading.cluster.messages import Found, Job, Terms, decode, encode
from lab_engine.grading.gradebook.graded import LessonGrade
from tests.grading import made
from tests.grading.batch.test_bench import WEEK


@pytest.fixture(scope="module")
def terms() -> Terms:
    week = assignments.parse(tomllib.loads(WEEK), where="week-3.toml")
    return Terms(week, graders.of(load_course(), week).key, __version__, 1 << 30, 0.0)


@pytest.fixture(autouse=True)
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setenv("INFRALAB_DATA_DIR", str(tmp_path / "data"))


async def look(terms: Terms) -> Found:
    return decode(await at_worker.look(encode(terms)), Found)


async def test_its_engine_must_answer(terms: Terms) -> None:
    found = await look(terms)
    assert "no Docker engine answers" in found.why
    assert found.hint


async def test_it_must_be_of_the_same_edition(terms: Terms) -> None:
    other = await look(msgspec.structs.replace(terms, key="0" * 64))
    assert "edition" in other.why
    older = await look(msgspec.structs.replace(terms, program="0.0.1"))
    assert older.why == f"it has infralab {__version__}, and this is 0.0.1"
    assert "no lesson" in (await look(_of_another_course(terms))).why


def _of_another_course(terms: Terms) -> Terms:
    lessons = (assignments.LessonTerms("no-such-lesson"),)
    return msgspec.structs.replace(
        terms, assignment=msgspec.structs.replace(terms.assignment, lessons=lessons)
    )


async def test_it_must_have_the_wall_that_is_asked_for(
    terms: Terms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = msgspec.structs.replace(terms, isolation="vm")
    assert "it grades in a container, and --isolation vm" in (await look(vm)).why
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/data/machine/docker.sock")
    assert "no Docker engine answers" in (await look(vm)).why
    container = msgspec.structs.replace(terms, isolation="container")
    assert "it grades in a virtual machine" in (await look(container)).why


async def test_what_nobody_waits_for_ends_and_takes_its_bench_down(
    terms: Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = []

    async def grade(*given: Any) -> LessonGrade:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)
        raise AssertionError

    monkeypatch.setattr(at_worker, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(one, "grade", grade)
    job = Job(terms, "namespaces", "seven", made.part(lesson="namespaces"))
    running = SimpleNamespace(state="executing")
    worker = SimpleNamespace(
        address="tcp://w:1", state=SimpleNamespace(tasks={"infralab-1": running})
    )
    work = asyncio.gather(at_worker._while_wanted(job, worker, "infralab-1"))
    await asyncio.sleep(0.3)
    assert not ended
    running.state = "cancelled"
    (outcome,) = await work
    assert (outcome.grade, outcome.unfit, ended) == (None, "nobody waits for it", [True])


def test_what_is_no_message_is_said() -> None:
    for data in (b"", b"\x93", b"\x80", encode(Found()) + b"x"):
        with pytest.raises(InfralabError, match="cannot be read"):
            decode(data, Job)


def test_a_job_comes_out_as_it_went_in(terms: Terms) -> None:
    job = Job(terms, "bridges", "seven", made.part())
    assert decode(encode(job), Job) == job
    # A name with a place to go to is refused as in a file that was handed in.
    bad = msgspec.msgpack.decode(encode(job))
    bad["part"]["part"]["lesson"] = "../../etc"
    with pytest.raises(InfralabError):
        decode(msgspec.msgpack.encode(bad), Job)
