"""What a step's solution changed, as far as its checks saw it: real things, or files that are read.

A step is real when at least one probe that reads a real resource answers otherwise once the step is
solved. What a file in the bench says is parsed: whoever writes it has named the answer, and changed
no system.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.course.proven import StepChanges
from lab_engine.families.registry import AnyProbe
from lab_engine.session.check import Readings


class Changes:
    """The readings of a step's checks at its start and once it is solved, JSON by probe."""

    def __init__(self, start: Mapping[str, bytes], solved: Mapping[str, bytes]) -> None:
        self._start: Readings = dict(start)
        self._solved = dict(solved)

    @property
    def missing(self) -> tuple[Probe[Any], ...]:
        """What was asked only of the solved step, such as about a process that is new."""
        return tuple(_probe(key) for key in sorted(self._solved.keys() - self._start.keys()))

    def add_start(self, readings: Mapping[str, bytes]) -> None:
        """What `missing` answers at the start."""
        self._start.update(readings)

    def of(self, step: str) -> StepChanges:
        """What changed, as far as it was asked both times."""
        changed = [
            probe
            # Only what was asked both times: that something was not asked before is no change of
            # it.
            for key in self._solved.keys() & self._start.keys()
            if _answer(probe := _probe(key), self._start[key]) != _answer(probe, self._solved[key])
        ]
        return StepChanges(
            step,
            tuple(sorted({probe.name() for probe in changed if probe.sees == "real"})),
            tuple(sorted({probe.name() for probe in changed if probe.sees == "parsed"})),
        )


def _probe(key: str) -> Probe[Any]:
    probe: Probe[Any] = msgspec.json.decode(key, type=AnyProbe)
    return probe


def _answer(probe: Probe[Any], reading: bytes) -> dict[str, Any]:
    """A reading without what changes by itself."""
    fields: dict[str, Any] = msgspec.json.decode(reading)
    # A counter or a time is another one each time without anybody's work.
    drifts: frozenset[str] = getattr(probe.reading, "drifts", frozenset())
    return {name: value for name, value in fields.items() if name not in drifts}
