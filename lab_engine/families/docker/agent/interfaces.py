"""The interfaces that the engine makes: its bridges, and the bench's ends of containers' cables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

ADDRESSED: Final = True
_NAMES: Final = re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}|veth[0-9a-f]{7}")
"""The engine draws all names but the first two: part of a network's id, a random number."""


def kept(names: Iterable[str]) -> set[str]:
    """Those that have a name such as the engine gives."""
    return {name for name in names if _NAMES.fullmatch(name)}
