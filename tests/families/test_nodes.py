"""Nodes: what a wish for one accepts, and how they behave on a bench."""

from __future__ import annotations

from typing import Any

import pytest

from lab_engine.errors import ResourceError
from lab_engine.families.nodes.resources import Node
from tests.families.conftest import InBench

NORTH: dict[str, Any] = {"name": "north", "network": "rack", "address": "172.31.0.11"}


@pytest.mark.bench
@pytest.mark.slow
def test_after_a_fault_and_after_work(in_bench: InBench) -> None:
    in_bench("nodes_at_work", daemon="docker")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", "North"),
        ("name", "north_1"),
        ("name", "n"),
        ("address", "172.31.0.0/24"),
        ("images", ("no image",)),
        ("memory", "many"),
        ("memory", "64m"),
        ("joins", "no node"),
    ],
)
def test_what_cannot_be_is_refused(field: str, wrong: Any) -> None:
    with pytest.raises(ResourceError) as refused:
        Node(**(NORTH | {field: wrong}))
    assert refused.value.field.startswith(field)


def test_a_worker_comes_once_its_manager_works() -> None:
    needs = Node(**NORTH, joins="south").needs()
    assert [(need.key, need.stage) for need in needs] == [
        ("docker-network/rack", "created"),
        ("node/south", "answers"),
    ]
    assert len(Node(**NORTH, joins="north").needs()) == 1
