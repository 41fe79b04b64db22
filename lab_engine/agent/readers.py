"""Which reader answers which probe. Imported on first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.errors import AgentError
from lab_engine.families.registry import of_probe

Reader = Callable[[Any], msgspec.Struct]


@cache
def reader(probe: type[Probe[Any]]) -> tuple[str, Reader]:
    """The family in whose threads a probe is answered, and the function that answers it.

    Raises AgentError when there is none.
    """
    family = of_probe(probe)
    for module in family.readers if family else ():
        table: dict[type[Probe[Any]], Reader] = family.part(module).READERS if family else {}
        if family and probe in table:
            return family.name, table[probe]
    raise AgentError(f"the agent has no reader for the probe {probe.name()!r}")
