"""Begins the journals of the families whose daemons are used, once in the agent's life."""

from __future__ import annotations

import threading
from typing import Final

from lab_engine.families.family import Family

_begun: Final[set[str]] = set()
_lock: Final = threading.Lock()


def keep(family: Family) -> None:
    """Have what the family's daemon tells kept from now on. A second time does nothing."""
    if not family.journal or family.name in _begun:
        return
    with _lock:
        if family.name not in _begun:
            _begun.add(family.name)
            family.part(family.journal).begin()
