"""All families: each folder beside this file that has a `family.py`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Union

from lab_engine.common.probe import Probe
from lab_engine.common.resource import Resource
from lab_engine.families.family import PACKAGE, Family

NAMES: Final = sorted(path.parent.name for path in Path(__file__).parent.glob("*/family.py"))

FAMILIES: Final[dict[str, Family]] = {
    name: importlib.import_module(f"{PACKAGE}.{name}.family").FAMILY for name in NAMES
}

KINDS: Final[dict[str, type[Resource]]] = {
    resource.kind(): resource for family in FAMILIES.values() for resource in family.resources
}
"""Every kind of resource that a step can ask for."""

PROBES: Final[tuple[type[Probe[Any]], ...]] = tuple(
    probe for family in FAMILIES.values() for probe in family.probes
)

if TYPE_CHECKING:
    AnyResource = Resource
    AnyProbe = Probe[Any]
else:
    # msgspec reads a message by the union of all that it may hold.
    AnyResource = Union[tuple(KINDS.values())]  # noqa: UP007 - a list is not spelled with |
    AnyProbe = Union[PROBES]  # noqa: UP007


def of_kind(kind: str) -> Family | None:
    """The family that makes a kind of resource; None for a kind that nobody makes."""
    resource = KINDS.get(kind)
    return next((one for one in FAMILIES.values() if resource in one.resources), None)


def of_probe(probe: type[Probe[Any]]) -> Family | None:
    """The family that answers a probe."""
    return next((one for one in FAMILIES.values() if probe in one.probes), None)


def daemons() -> dict[str, Family]:
    """The families that have a daemon, by name."""
    return {name: family for name, family in FAMILIES.items() if family.daemon}
