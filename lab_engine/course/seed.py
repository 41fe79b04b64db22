"""The learner's seed: the same seed draws the same names, subnets, ports and sizes, everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Seed:
    """Deterministic draws. Each draw is named, so that adding one does not change the others."""

    def __init__(self, value: str) -> None:
        self.value = value

    def number(self, name: str, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        digest = hashlib.sha256(f"{self.value}\0{name}".encode()).digest()
        # By a digest: Python's `random` promises the same numbers in every version for few of its
        # methods (random, "Notes on Reproducibility").
        return low + int.from_bytes(digest[:8], "big") % (high - low + 1)

    def choice(self, name: str, options: Sequence[T]) -> T:
        """One of `options`."""
        return options[self.number(name, 0, len(options) - 1)]

    def token(self, name: str, length: int = 8) -> str:
        """A token of lower-case hex digits."""
        return hashlib.sha256(f"{self.value}\0{name}".encode()).hexdigest()[:length]
