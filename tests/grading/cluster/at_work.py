"""What the workers of a test do instead of looking at an engine and grading in a bench."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from lab_engine.grading.cluster.messages import Found, Job, Outcome, decode, encode
from tests.grading import made

LOG = "INFRALAB_TEST_LOG"
"""A file to which each grading adds a line as it begins: the session and its process."""


async def look(terms: bytes) -> bytes:
    return encode(Found(os.environ.get("INFRALAB_TEST_WHY", "")))


def grade(job: bytes) -> bytes:
    from distributed import get_worker

    session = decode(job, Job).part.part.session
    with Path(os.environ[LOG]).open("a") as log:
        log.write(f"{session} {os.getpid()}\n")
    if session == "s-deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(float(os.environ.get("INFRALAB_TEST_SECONDS", "0.3")))
    return encode(Outcome(get_worker().address, made.lesson_grade(isolation="container"), ("hm",)))


def unfit(job: bytes) -> bytes:
    """As a worker whose engine has ended; all but one of them."""
    from distributed import get_worker

    worker = get_worker()
    if worker.name == "b":
        return grade(job)
    return encode(Outcome(worker.address, unfit="no engine answers"))
