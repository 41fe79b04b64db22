"""What runs in a worker: whether it is fit for a batch, and the grading of a lesson.

Dask sends the name of a function here, not its code: what runs is the infralab that is installed.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from functools import cache
from typing import Any, Final

import msgspec

from lab_engine import __version__
from lab_engine import settings as settings_module
from lab_engine.bench import engine, image, owner
from lab_engine.common import tasks
from lab_engine.course.lesson import Course, load_course
from lab_engine.errors import DockerUnavailable, InfralabError, unexpected
from lab_engine.grading.batch import graders, isolation, one
from lab_engine.grading.batch.graders import Graders
from lab_engine.grading.cluster.messages import Found, Job, Outcome, Terms, decode, encode
from lab_engine.packs import image as images
from lab_engine.session import gc

LOOK_SECONDS: Final = 2.0
"""How often a grading looks whether it is still wanted."""


async def look(terms: bytes) -> bytes:
    """Whether this worker can grade; `Terms` to `Found`."""
    # Off the loop: it talks to the engine, and the worker must answer its scheduler meanwhile.
    return encode(await asyncio.to_thread(_look, decode(terms, Terms)))


def _look(terms: Terms) -> Found:
    try:
        return _found(terms)
    except InfralabError as error:
        return Found(error.message, error.hint)
    except Exception as error:
        return Found(unexpected(error).message)


def _found(terms: Terms) -> Found:
    if terms.program != __version__:
        return Found(
            f"it has infralab {__version__}, and this is {terms.program}", "Install the same there."
        )
    course, mine = _graders(msgspec.msgpack.encode(terms.assignment))
    if mine.key != terms.key:
        return Found(
            "its edition of the lessons, the checks or the bench image is another one",
            "Install the same infralab there, from the same commit or package.",
        )
    here = isolation.current(settings_module.load(), os.environ)
    if terms.isolation not in ("auto", here):
        return Found(
            f"it grades {isolation.told(here)}, and --isolation {terms.isolation} was asked for",
            f"Start it with `infralab worker ... --isolation {terms.isolation}`.",
        )
    packs = {course.lesson(one.slug).packs for one in terms.assignment.lessons}
    if not image.state().base_present:
        return Found(
            "its engine has no bench image of this version",
            "Build it there (`infralab image build`), or copy it there: `infralab image save FILE` "
            "here, `infralab image load FILE` there.",
        )
    for names in packs:
        if absent := images.missing(names) if names else None:
            return Found(absent.message, absent.hint)
    _sweep()
    for names in packs:
        # What is missing now is a layer of seconds. Here, once, before several benches ask for it.
        images.ensure(names)
    return Found(isolation=here)


@cache
def _graders(assignment: bytes) -> tuple[Course, Graders]:
    """Of this worker: what it has read when it began is what it grades with."""
    from lab_engine.grading.assignment.terms import Assignment

    course, terms = load_course(), decode(assignment, Assignment)
    return course, graders.of(course, terms)


def _sweep() -> None:
    """Remove the benches that gradings of ended workers left on this engine."""
    me = owner.name(settings_module.load().data_dir)
    client: Any = engine.connect()
    # Only what lived as long as its process: a learner's own session is none of these.
    ours = {"label": [gc.SESSION, owner.PROCESS, f"{owner.OWNER}={me}"]}
    with engine.explain("listing benches of ended gradings"):
        found = [
            *(("container", c["Names"][0].lstrip("/"), c["Labels"])
              for c in client.api.containers(all=True, filters=ours)),
            *(("network", n["Name"], n["Labels"]) for n in client.api.networks(filters=ours)),
            *(("volume", v["Name"], v["Labels"])
              for v in client.api.volumes(filters=ours).get("Volumes") or []),
        ]  # fmt: skip
    left = [
        gc.Leftover("host", kind, name, labels[gc.SESSION], owner=me)
        for kind, name, labels in found
        if owner.ended(labels)
    ]
    # What stays is told of by `infralab gc`; it is no reason not to grade.
    asyncio.run(gc.sweep(left))


def grade(job: bytes) -> bytes:
    """Grade a lesson in a bench of this worker's engine; `Job` to `Outcome`."""
    from distributed import get_worker

    worker: Any = get_worker()
    key = worker.get_current_task()
    return encode(asyncio.run(_while_wanted(decode(job, Job), worker, key)))


async def _while_wanted(job: Job, worker: Any, key: str) -> Outcome:
    """End the grading, and with it its bench, when the client has gone or has taken it back."""
    work = asyncio.current_task()
    assert work is not None

    async def watch() -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            # Dask does not end what runs in a thread: it only notes that nobody waits for it.
            task = worker.state.tasks.get(key)
            if task is None or task.state == "cancelled":
                work.cancel()
                return

    watching = tasks.begin(watch())
    try:
        return await _graded(job, worker.address)
    except asyncio.CancelledError:
        return Outcome(worker.address, unfit="nobody waits for it")
    finally:
        await tasks.end(watching)


async def _graded(job: Job, address: str) -> Outcome:
    course, mine = await asyncio.to_thread(_graders, msgspec.msgpack.encode(job.terms.assignment))
    if mine.key != job.terms.key:
        return Outcome(address, unfit="its edition is another one")
    settings = replace(
        settings_module.load(), bench_memory=job.terms.memory, bench_cpus=job.terms.cpus
    )
    terms = job.terms.assignment.lesson(job.lesson)
    assert terms is not None
    said: list[str] = []
    try:
        grade = await one.grade(
            course.lesson(job.lesson), terms, job.part, job.seed, mine, settings, said.append
        )
    except DockerUnavailable as error:
        return Outcome(address, said=tuple(said), unfit=error.message)
    here = isolation.current(settings, os.environ)
    return Outcome(address, msgspec.structs.replace(grade, isolation=here), tuple(said))
