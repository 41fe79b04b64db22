"""Which reader answers which probe. Imported on first use."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from lab_engine.errors import AgentError
from lab_engine.probes.base import Probe

READERS: dict[str, str] = {
    "lab_engine.probes.docker": "lab_engine.readers.docker",
    "lab_engine.probes.libvirt": "lab_engine.readers.libvirt",
    "lab_engine.probes.network": "lab_engine.readers.network",
    "lab_engine.probes.reach": "lab_engine.readers.reach",
    "lab_engine.probes.namespaces": "lab_engine.readers.namespaces",
    "lab_engine.probes.system": "lab_engine.readers.system",
}
"""The module with a `READERS` table for each module of probes."""

FAMILIES = {
    "lab_engine.probes.docker": "docker",
    "lab_engine.probes.libvirt": "libvirt",
    "lab_engine.probes.network": "netlink",
    "lab_engine.probes.reach": "netlink",
    "lab_engine.probes.namespaces": "netlink",
    "lab_engine.probes.system": "files",
}

Reader = Callable[[Any], msgspec.Struct]


@cache
def reader(probe: type[Probe[Any]]) -> Reader:
    """The function that answers a probe. Raises AgentError when there is none."""
    module = READERS.get(probe.__module__)
    table: dict[type[Probe[Any]], Reader] = (
        importlib.import_module(module).READERS if module else {}
    )
    if probe not in table:
        raise AgentError(f"the agent has no reader for the probe {probe.name()!r}")
    return table[probe]


def family(probe: type[Probe[Any]]) -> str:
    """The thread pool that the probe's reader runs in."""
    return FAMILIES[probe.__module__]
