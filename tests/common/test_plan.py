from __future__ import annotations

import pytest

from lab_engine.common.plan import make_plan, ordered
from lab_engine.common.resource import Need
from lab_engine.common.sighting import ABSENT, Sighting
from lab_engine.errors import PlanError
from tests.agent.fake import Thing

OURS = Sighting(True, ours=True)


def test_order_follows_the_references() -> None:
    a = Thing("a", after=(Need("fake/b"),))
    b = Thing("b", after=(Need("fake/c"),))
    assert [r.name for r in ordered([a, b, Thing("c")])] == ["c", "b", "a"]


def test_a_circle_is_refused_and_shown() -> None:
    a = Thing("a", after=(Need("fake/b"),))
    b = Thing("b", after=(Need("fake/a"),))
    with pytest.raises(PlanError, match=r"fake/\w -> fake/\w -> fake/\w"):
        ordered([a, b])


def test_an_unknown_reference_names_both_ends() -> None:
    with pytest.raises(PlanError, match="fake/a refers to fake/nowhere"):
        ordered([Thing("a", after=(Need("fake/nowhere"),))])


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(PlanError, match="two resources are called fake/a"):
        ordered([Thing("a"), Thing("a")])


def test_reasons_say_why() -> None:
    a = Thing("a", after=(Need("fake/b"),))
    plan = make_plan([a, Thing("b")], {"fake/a": ABSENT, "fake/b": ABSENT})
    assert [(x.key, x.act, x.reason) for x in plan.actions] == [
        ("fake/b", "create", "is not there; needed by fake/a"),
        ("fake/a", "create", "is not there"),
    ]


def test_what_is_there_as_wanted_makes_an_empty_plan() -> None:
    plan = make_plan([Thing("a")], {"fake/a": OURS})
    assert plan.empty


def test_drift_and_foreign_things_are_replaced_and_so_is_what_needs_them() -> None:
    a = Thing("a", after=(Need("fake/b"),))
    drifted = Sighting(True, ours=True, drift="content is 'x'")
    plan = make_plan([a, Thing("b")], {"fake/a": OURS, "fake/b": drifted})
    assert [(x.key, x.act, x.reason) for x in plan.changes] == [
        ("fake/b", "replace", "content is 'x'"),
        ("fake/a", "replace", "fake/b is made anew"),
    ]
    foreign = make_plan([Thing("b")], {"fake/b": Sighting(True)})
    assert foreign.actions[0].reason == "is there, but was not made for this session"
