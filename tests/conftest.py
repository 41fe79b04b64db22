"""Order: what needs nothing first, then what needs a bench, VMs, and whatever is slow."""

from __future__ import annotations

import pytest

COSTS = {"bench": 1, "vm": 2, "slow": 3, "v2": 4}


def cost(item: pytest.Item) -> int:
    """How late a test runs; tests of one module that cost the same stay together, in order."""
    return max((COSTS.get(mark.name, 0) for mark in item.iter_markers()), default=0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A stable sort: a wrong line is found in a minute, not after the proofs."""
    items.sort(key=cost)
