"""Who is at work now, in words that the screen and the lines share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from lab_engine.session.present import STUCK, Engine, Presence

Sort = Literal["stuck", "works", "done", "unknown", "stopped"]


class Worker(NamedTuple):
    """A learner at work: `who` by the class's list, or by the machine where the list has no name.

    `stuck` is for how many seconds nothing has passed.
    """

    who: str
    bench: Presence
    how: Sort
    stuck: float | None

    @property
    def step(self) -> str:
        """Such as `3/8 uts`."""
        where = self.bench.where
        if where is None:
            return "not known"
        return f"{where.number}/{where.steps} {where.step}" if where.number else where.step

    @property
    def tasks(self) -> str:
        where = self.bench.where
        return f"{where.passed}/{where.tasks}" if where else ""


def workers(engines: Iterable[Engine], names: Mapping[str, str], now: float) -> list[Worker]:
    """Those who stand still for the longest come first; who is done or has stopped, last.

    Args:
        engines: what was found.
        names: who is who, by the hash of a seed.
        now: in seconds since 1970.
    """
    found = [_worker(bench, names, now) for engine in engines for bench in engine.benches]
    last = {"stuck": 0, "works": 0, "unknown": 1, "done": 2, "stopped": 3}
    return sorted(found, key=lambda one: (last[one.how], -(one.stuck or 0.0), one.who))


def _worker(bench: Presence, names: Mapping[str, str], now: float) -> Worker:
    where = bench.where
    who = names.get(where.seed, bench.who) if where else bench.who
    stuck = bench.stuck(now)
    how: Sort = "works"
    if bench.status != "running":
        how = "stopped"
    elif where is None:
        how = "unknown"
    elif bench.done:
        how = "done"
    elif stuck is not None and stuck >= STUCK:
        how = "stuck"
    return Worker(who, bench, how, stuck)


def span(seconds: float | None) -> str:
    """A time that passes, in a few letters; nothing when it is not known."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(int(seconds // 60), 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes:02}" if hours else f"{minutes} min"


def told(one: Worker, now: float) -> list[tuple[str, str]]:
    """What is known of a learner at work, as labels and texts."""
    bench, where = one.bench, one.bench.where
    rows = [("bench", f"{bench.session}, {bench.status}, for {span(now - bench.created)}")]
    rows += [("at", f"{bench.who}{f', engine {bench.engine}' if bench.engine else ''}")]
    if where is None:
        nobody = "only the record of the machine that it was opened from says so"
        return [*rows, ("step", nobody)]
    rows += [
        ("lesson", f"{where.lesson}, {where.mode}"),
        ("step", f"{one.step}, for {span(now - where.entered)}"),
        ("tasks", f"{one.tasks} pass, nothing new for {span(now - where.progressed)}"),
    ]
    if where.task and one.how != "done":
        rows += [
            ("not yet", f"{where.task} ({where.reason})" if where.reason else where.task),
            ("expected", where.expected),
            ("found", where.observed),
        ]
    return rows


def troubles(engines: Iterable[Engine]) -> list[str]:
    """Engines that did not answer, and why."""
    return [f"engine {one.host or 'here'}: {one.trouble}" for one in engines if one.trouble]
