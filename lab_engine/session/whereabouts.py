"""Where a learner is: in which step, since when, what passed last, and what does not pass.

It comes from the record of the learner's machine. So that who looks at an engine from elsewhere can
tell as well, the client also leaves it in the bench, as a file that only root reads there. It is
what a learner's machine says: for a look over the class, never for a grade.
"""

from __future__ import annotations

import io
import tarfile
import time
from contextlib import suppress
from typing import Any, Final

import msgspec
from docker import errors as docker_errors

from lab_engine.bench import engine
from lab_engine.common import digest
from lab_engine.course.lesson import Lesson
from lab_engine.errors import InfralabError, UsageError
from lab_engine.session.record import Record, SessionRow

FOLDER: Final = "/var/lib/infralab"
"""A volume of the bench: what is copied there needs no process in the bench."""
FILE: Final = "whereabouts.json"
LONGEST: Final = 64 << 10


class Whereabouts(msgspec.Struct, frozen=True):
    """Times are seconds since 1970 by the clock of the learner's machine.

    `progressed` is when a task of the step passed first, the last time that one did, or `entered`.
    `touched` is when the session was looked at last. `task`, `reason`, `expected` and `observed`
    are of a task that does not pass. `seed` is a hash of the session's, which tells a class's own.
    """

    lesson: str
    step: str
    number: int
    steps: int
    passed: int
    tasks: int
    entered: float
    progressed: float
    touched: float
    mode: str = ""
    seed: str = ""
    task: str = ""
    reason: str = ""
    expected: str = ""
    observed: str = ""

    def same_place(self, other: Whereabouts | None) -> bool:
        """Whether nothing has changed but the time."""
        return other is not None and self == msgspec.structs.replace(other, touched=self.touched)


def of(record: Record, row: SessionRow, lesson: Lesson | None) -> Whereabouts:
    """Where a session is by the record. Raises InfralabError when that cannot be read.

    Args:
        record: that of the learner's.
        row: the session.
        lesson: its lesson; None when the course here does not have it.
    """
    moments = [one for one in record.moments(row.id) if one.what in ("enter", "reset")]
    here = [one for one in moments if one.step == row.step]
    entered = here[-1].at if here else row.began
    history = [one for one in record.history(row.id) if one.step == row.step and one.at >= entered]
    first: dict[str, float] = {}
    last: dict[str, str] = {}
    for one in history:
        last[one.task] = one.outcome
        if one.outcome == "pass":
            first.setdefault(one.task, one.at)
    number, steps, tasks = _places(lesson, row.step)
    wanting = next((one for one in record.last_verdicts(row.id, row.step) if not one.passed), None)
    evidence = wanting.evidence if wanting else None
    return Whereabouts(
        row.lesson,
        row.step,
        number,
        steps,
        sum(outcome == "pass" for outcome in last.values()),
        tasks or len(last),
        entered,
        max((entered, *first.values())),
        row.touched,
        row.mode,
        digest.of_bytes(row.seed.encode()),
        wanting.task if wanting else "",
        evidence.reason if evidence else "",
        evidence.expected if evidence else "",
        evidence.observed if evidence else "",
    )


def _places(lesson: Lesson | None, name: str) -> tuple[int, int, int]:
    """The step's number, how many the lesson has, and how many tasks the step has."""
    if lesson is not None:
        with suppress(UsageError):
            step = lesson.step(name)
            return step.number, len(lesson.steps), len(step.tasks)
    return 0, 0, 0


def leave(container: str, whereabouts: Whereabouts) -> None:
    """Leave it in a bench, for who looks from elsewhere. Blocks; what fails is of no matter."""
    data = msgspec.json.encode(whereabouts)
    if len(data) > LONGEST:
        return
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        info = tarfile.TarInfo(FILE)
        info.size, info.mode, info.mtime = len(data), 0o600, int(time.time())
        archive.addfile(info, io.BytesIO(data))
    with suppress(InfralabError), engine.explain("leaving word in the bench"):
        engine.connect().api.put_archive(container, FOLDER, packed.getvalue())


def left(client: Any, container: str) -> Whereabouts | None:
    """What was left in a bench; None when nothing was, or nothing that can be read.

    Raises InfralabError when the engine does not answer.
    """
    try:
        with engine.explain("reading what the bench says"):
            try:
                stream, about = client.api.get_archive(container, f"{FOLDER}/{FILE}")
            except docker_errors.NotFound:
                return None
            if not 0 < int(about.get("size", 0)) <= LONGEST:
                return None
            data = bytearray()
            for piece in stream:
                data += piece
                # A few blocks of the archive's own (tar, "Basic Tar Format").
                if len(data) > LONGEST + (64 << 10):
                    return None
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            member = archive.next()
            file = archive.extractfile(member) if member and member.isreg() else None
            return msgspec.json.decode(file.read(LONGEST), type=Whereabouts) if file else None
    except (tarfile.TarError, EOFError, ValueError, RecursionError):
        # The learner is root in there: it may be anything.
        return None
