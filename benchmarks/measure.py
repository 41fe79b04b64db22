"""Times, ratios, and the table and JSON in which they are told. No clock is read here."""

from __future__ import annotations

import math
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

ENOUGH_FOR_P95 = 20
"""Below so many times, the 95th percentile is the slowest or next to it: it is left out."""


class Timing(msgspec.Struct, frozen=True):
    """What one side needed, run by run, in seconds."""

    who: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def least(self) -> float:
        return min(self.seconds)

    def percentile(self, part: float) -> float:
        """The smallest time that at least `part` percent of the runs kept (nearest rank)."""
        rank = max(1, math.ceil(part / 100 * len(self.seconds)))
        return sorted(self.seconds)[rank - 1]


class Aim(msgspec.Struct, frozen=True):
    """At most `most`: of the ratio to the peer `against`, or of our median or p95 in seconds."""

    most: float
    of: Literal["ratio", "median", "p95"]
    against: str = ""


class Comparison(msgspec.Struct, frozen=True):
    """One thing that was timed: ours first, then each peer's."""

    what: str
    ours: Timing
    peers: tuple[Timing, ...] = ()
    aim: Aim | None = None

    def ratio(self, peer: Timing) -> float:
        """Our median by the peer's: below 1 means that we are faster."""
        return self.ours.median / peer.median

    @property
    def reached(self) -> float | None:
        """The number that the aim is about; None without an aim, or without the peer it names."""
        if self.aim is None:
            return None
        if self.aim.of == "median":
            return self.ours.median
        if self.aim.of == "p95":
            return self.ours.percentile(95)
        peer = next((peer for peer in self.peers if peer.who == self.aim.against), None)
        return None if peer is None else self.ratio(peer)

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; None when that cannot be said."""
        return None if self.aim is None or self.reached is None else self.reached <= self.aim.most


class Machine(msgspec.Struct, frozen=True):
    """Where and when. `load` is the load average over one minute, before and after."""

    cores: int
    kernel: str
    accelerator: str
    load: tuple[float, float]
    at: str


class Result(msgspec.Struct, frozen=True):
    """What one benchmark found. `facts` are numbers that are no times, with their unit."""

    benchmark: str
    machine: Machine
    comparisons: tuple[Comparison, ...]
    facts: dict[str, str] = {}
    notes: tuple[str, ...] = ()


def load_now() -> float:
    return os.getloadavg()[0]


def machine(load_before: float, accelerator: str = "") -> Machine:
    """This machine; `accelerator` is what VMs ran on, if any did."""
    return Machine(
        os.cpu_count() or 1,
        platform.release(),
        accelerator or "no VMs",
        (round(load_before, 2), round(load_now(), 2)),
        datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def told(seconds: float) -> str:
    """A time as people read it: three digits that mean something."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms" if seconds < 0.9995 else "1.00 s"
    return f"{seconds:.2f} s" if seconds < 100 else f"{seconds:.0f} s"


HEADS = ("what", "who", "median", "min", "p95", "n", "ours / it", "aim")


def rows(result: Result) -> list[tuple[str, ...]]:
    """The table's cells, one row a side of each comparison."""
    found: list[tuple[str, ...]] = []
    for one in result.comparisons:
        for side in (one.ours, *one.peers):
            mine = side is one.ours
            found.append(
                (
                    one.what if mine else "",
                    side.who,
                    told(side.median),
                    told(side.least),
                    told(side.percentile(95)) if len(side.seconds) >= ENOUGH_FOR_P95 else "",
                    str(len(side.seconds)),
                    "" if mine else f"{one.ratio(side):.2f}",
                    _aim(one, side),
                )
            )
    return found


def _aim(one: Comparison, side: Timing) -> str:
    aim = one.aim
    if aim is None or (side.who != aim.against if aim.against else side is not one.ours):
        return ""
    limit = f"{aim.most:g}" if aim.of == "ratio" else told(aim.most)
    return f"{aim.of} at most {limit}: {'met' if one.met else 'missed'}"


def table(result: Result) -> str:
    """The result for people, as Markdown that also reads well in a terminal."""
    cells = [HEADS, *rows(result)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADS))]
    at = result.machine
    lines = [
        f"{result.benchmark}: {at.cores} cores, Linux {at.kernel}, {at.accelerator}, "
        f"load {at.load[0]:g} before and {at.load[1]:g} after, {at.at}",
        "",
    ]
    for number, row in enumerate(cells):
        texts = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(f"| {' | '.join(texts)} |")
        if number == 0:
            lines.append(f"| {' | '.join('-' * width for width in widths)} |")
    if result.facts:
        lines += ["", *(f"- {name}: {value}" for name, value in result.facts.items())]
    if result.notes:
        lines += ["", *result.notes]
    return "\n".join(lines)


def as_json(result: Result) -> str:
    """The same for programs: every single time, with medians and ratios worked out."""
    whole = msgspec.to_builtins(result)
    for data, one in zip(whole["comparisons"], result.comparisons, strict=True):
        data["median"] = {side.who: side.median for side in (one.ours, *one.peers)}
        data["ratio"] = {peer.who: one.ratio(peer) for peer in one.peers}
        data["met"] = one.met
    return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode()


def timings(times: Mapping[str, Sequence[float]]) -> tuple[Timing, ...]:
    """One Timing a side that has any times."""
    return tuple(Timing(who, tuple(found)) for who, found in times.items() if found)
