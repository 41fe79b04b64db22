"""Which reader answers which probe. Imported on first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from lab_engine.common.place import Placed, parse
from lab_engine.common.probe import Probe
from lab_engine.errors import AgentError
from lab_engine.families.registry import FAMILIES, of_probe

Reader = Callable[[Any], msgspec.Struct]


def reader(probe: Probe[Any]) -> tuple[str, Reader]:
    """The family in whose threads a probe is answered, and the function that answers it.

    Raises AgentError when there is none.
    """
    kind = parse(probe.place).kind if isinstance(probe, Placed) else ""
    return _elsewhere(kind).get(type(probe)) or _reader(type(probe))


@cache
def _elsewhere(kind: str) -> dict[type[Probe[Any]], tuple[str, Reader]]:
    """Who answers in that kind of place, where its family answers for others."""
    return {
        probe: (family.name, answer)
        for family in FAMILIES.values()
        if kind in family.places
        for probe, answer in family.part(family.places[kind]).READERS.items()
    }


@cache
def _reader(probe: type[Probe[Any]]) -> tuple[str, Reader]:
    family = of_probe(probe)
    for module in family.readers if family else ():
        table: dict[type[Probe[Any]], Reader] = family.part(module).READERS if family else {}
        if family and probe in table:
            return family.name, table[probe]
    raise AgentError(f"the agent has no reader for the probe {probe.name()!r}")
