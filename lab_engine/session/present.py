"""Who is at work now: the benches of some engines, and where their learners are. Reads only."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.bench import engine, owner
from lab_engine.course.lesson import Course
from lab_engine.errors import InfralabError, unexpected
from lab_engine.session import whereabouts
from lab_engine.session.record import NOBODYS, Record
from lab_engine.session.whereabouts import Whereabouts

TIMEOUT: Final = 10
"""Seconds for one question to an engine."""
SECONDS: Final = 30.0
"""For all of an engine's benches together."""
MOST: Final = 500
"""Benches of one engine that are looked at."""
STUCK: Final = 10 * 60.0
"""Seconds without progress after which somebody may need help."""


class Presence(msgspec.Struct, frozen=True):
    """A bench. `who` is `user@machine`; `status` is Docker's word for the bench.

    `where` is None when nothing says where its learner is.
    """

    engine: str
    session: str
    who: str
    status: str
    created: float
    where: Whereabouts | None

    def stuck(self, now: float) -> float | None:
        """For how many seconds nothing has passed; None when nobody can tell, or all is done."""
        if self.where is None or self.done:
            return None
        return max(0.0, now - self.where.progressed)

    @property
    def done(self) -> bool:
        where = self.where
        return where is not None and where.tasks > 0 and where.passed >= where.tasks


class Engine(msgspec.Struct, frozen=True):
    """One engine: its benches of learners, how many others there are, or why it has no answer."""

    host: str
    benches: tuple[Presence, ...] = ()
    others: int = 0
    trouble: str = ""


def look(hosts: Sequence[str], course: Course, data_dir: Path) -> list[Engine]:
    """Every engine at once, in the order of `hosts`; an empty host is that of the environment.

    Blocks for half a minute at most, however an engine behaves. Raises nothing for one that fails.
    """
    found: dict[int, Engine] = {}

    def ask(number: int, host: str) -> None:
        try:
            found[number] = _benches(host, course, data_dir)
        except InfralabError as error:
            found[number] = Engine(host, trouble=f"{error.message}. {error.hint}")
        except Exception as fault:
            found[number] = Engine(host, trouble=unexpected(fault).message)

    threads = [threading.Thread(target=ask, args=each, daemon=True) for each in enumerate(hosts)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + SECONDS
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    late = f"it has not answered within {SECONDS:.0f} s"
    return [found.get(n, Engine(host, trouble=late)) for n, host in enumerate(hosts)]


def _benches(host: str, course: Course, data_dir: Path) -> Engine:
    client = engine.connect(TIMEOUT, host or None)
    with engine.explain("listing benches"):
        listed = client.api.containers(all=True, filters={"label": "infralab.kind=bench"})
    # A replay's and a proof's are of a process, and of no learner.
    learners = [one for one in listed if not one["Labels"].get(owner.PROCESS)]
    mine = owner.name(data_dir)
    path = data_dir / "progress.sqlite"
    record = None
    if path.exists() and any(one["Labels"].get(owner.OWNER) == mine for one in learners):
        # A copy in memory: looking writes nothing.
        record = Record.in_memory(path)
    try:
        benches = [_bench(host, one, record, course, mine) for one in learners[:MOST]]
    finally:
        if record is not None:
            record.close()
    shown = [one for one in benches if one.where is None or one.where.mode not in NOBODYS]
    return Engine(host, tuple(shown), len(listed) - len(shown))


def _bench(
    host: str,
    listed: Mapping[str, Any],
    record: Record | None,
    course: Course,
    mine: str,
) -> Presence:
    labels = listed["Labels"]
    session = labels.get("infralab.session", "")
    by = labels.get(owner.OWNER, "")
    where = None
    if record is not None and by == mine:
        row = record.session(session)
        if row is not None:
            lesson = next((one for one in course.lessons if one.slug == row.lesson), None)
            where = whereabouts.of(record, row, lesson)
    return Presence(
        host,
        session,
        by.partition(":")[0] or "somebody",
        str(listed["State"]),
        _time(labels.get("infralab.created", "")),
        where,
    )


def _time(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0
