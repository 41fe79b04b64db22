"""What every Incus of a bench begins with: the pool, the network and the profile `default`.

`start-incus` makes them from the same file. They are listed only when they were changed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

SEED: Final = Path("/usr/lib/infralab/incus.json")


@cache
def seed() -> dict[str, Any]:
    """The file that `incus admin init --preseed` reads (JSON is YAML)."""
    found: dict[str, Any] = msgspec.json.decode(SEED.read_bytes())
    return found


@cache
def network() -> dict[str, Any]:
    found: dict[str, Any] = seed()["networks"][0]
    return found


@cache
def profile() -> dict[str, Any]:
    found: dict[str, Any] = seed()["profiles"][0]
    return found
