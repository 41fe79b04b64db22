"""What a client and the workers of a cluster say to one another: bytes of MessagePack, both ways.

Dask itself pickles what it is given. So it is given bytes alone, and a learner's work is never an
object before it has been read by its types here.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from lab_engine.errors import InfralabError
from lab_engine.grading.assignment.terms import Assignment
from lab_engine.grading.batch.isolation import Asked, Isolation
from lab_engine.grading.gradebook.graded import LessonGrade
from lab_engine.grading.submission.handed import Handed

BENCH = "bench"
MEMORY = "memory"
"""What a worker offers as Dask's resources: so many benches, so many bytes for them."""

T = TypeVar("T")


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a batch wants of a worker.

    `key` is that of the graders and `program` infralab's version, which must be the worker's, too.
    `memory` in bytes and `cpus` are a bench's, so that all of the class have the same.
    """

    assignment: Assignment
    key: str
    program: str
    memory: int
    cpus: float
    isolation: Asked = "auto"


class Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a worker is not fit, and what to do; both empty when it is."""

    why: str = ""
    hint: str = ""
    isolation: Isolation = "container"


class Job(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lesson of a submission, to be graded with `seed`."""

    terms: Terms
    lesson: str
    seed: str
    part: Handed


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`unfit` says why the worker at `address` could not do it; then there is no `grade`."""

    address: str
    grade: LessonGrade | None = None
    said: tuple[str, ...] = ()
    unfit: str = ""


def encode(message: msgspec.Struct) -> bytes:
    return msgspec.msgpack.encode(message)


def decode(data: bytes, kind: type[T]) -> T:
    """Raises InfralabError for what is no such message."""
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (ValueError, RecursionError) as error:
        raise InfralabError(
            f"a message of the cluster cannot be read: {error}",
            hint="Have the same version of infralab on all machines of the cluster.",
        ) from error
