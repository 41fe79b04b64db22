"""The interfaces that Incus makes: its networks' bridges, and the bench's ends of cables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ADDRESSED: Final = True
_NETWORKS: Final = Path("/var/lib/incus/networks")
_CABLES: Final = re.compile(r"veth[0-9a-f]{8}")
"""A drawn number (network.RandomDevName); Docker's have seven digits."""


def kept(names: Iterable[str]) -> set[str]:
    """Networks have a folder as long as the daemon keeps them."""
    own = {path.name for path in _NETWORKS.iterdir()} if _NETWORKS.is_dir() else set()
    return {name for name in names if name in own or _CABLES.fullmatch(name)}
