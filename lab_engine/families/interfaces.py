"""Which interfaces of the bench are daemons' doing, and not the learner's (agent side)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lab_engine.families.family import Interfaces
from lab_engine.families.registry import FAMILIES


class Kept(NamedTuple):
    """Names of interfaces: `links` that a daemon made, and those `addressed` by it as well."""

    links: set[str]
    addressed: set[str]


def of_daemons(names: Iterable[str]) -> Kept:
    """What of the bench's interfaces the families' daemons keep. Asks no daemon."""
    every = tuple(names)
    found = Kept(set(), set())
    for family in FAMILIES.values():
        if family.interfaces:
            its: Interfaces = family.part(family.interfaces)
            theirs = its.kept(every)
            found.links.update(theirs)
            if its.ADDRESSED:
                found.addressed.update(theirs)
    return found
