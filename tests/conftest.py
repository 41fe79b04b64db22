"""Order: what needs nothing first, then what needs a bench, VMs, and whatever is slow."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.session.store import Store
from tests.kit import Kit
from tests.left import ends_what_it_began

__all__ = ["ends_what_it_began"]
# A bench that nobody asked for would be found by whoever counts them; tests of it switch it on.
os.environ["INFRALAB_BENCH_AHEAD"] = "off"
COSTS = {"bench": 1, "vm": 2, "slow": 3, "v2": 4, "proof": 5}


def cost(item: pytest.Item) -> int:
    """How late a test runs; tests of one module that cost the same stay together, in order."""
    return max((COSTS.get(mark.name, 0) for mark in item.iter_markers()), default=0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A stable sort: a wrong line is found in a minute, not after the proofs."""
    items.sort(key=cost)


def pytest_collection_finish() -> None:
    """What is loaded by now stays, and garbage is looked for less often.

    That search took up to a fifth of the time of the screens' tests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.fixture(autouse=True)
def records_end_with_their_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Python 3.13 warns of connections to SQLite that nobody closed, in the test that runs then."""
    opened: list[Store] = []
    begin = Store._begin

    def remembered(store: Store) -> None:
        begin(store)
        opened.append(store)

    monkeypatch.setattr(Store, "_begin", remembered)
    yield
    for store in opened:
        # Not `close`, which copies the file: some tests leave it damaged, or its folder closed.
        for connection in (store._writer, store._reader):
            if connection is not None:
                connection.close()


@pytest.fixture
def kit(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Kit]:
    """A whole small course, with its lab in a package of its own."""
    package = f"kit_{abs(hash(request.node.nodeid))}"
    monkeypatch.syspath_prepend(tmp_path)
    yield Kit(tmp_path, package)
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]
