"""What every provider owes, as a list that is gone through for each case, in this order.

Runs as root in a bench: `python -m tests.families.obligations CASE`. The last line names what was
not kept.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Final

from lab_engine.agent.baseline import REMOVAL_ORDER
from lab_engine.agent.providers import provider
from lab_engine.common.plan import Plan, make_plan
from lab_engine.common.resource import Resource
from lab_engine.common.sighting import Sighting
from lab_engine.errors import ProviderError
from lab_engine.families.provider import Mark, Owned, Provider
from lab_engine.families.registry import FAMILIES
from tests.families.bench_state import MARK, OTHER, Surroundings, holds, sh
from tests.families.case import Case
from tests.families.cases import CASES

ABSENT: Final = (False, False, "")
AS_WANTED: Final = (True, True, "")


def within(limit: float, what: str, act: Callable[[], Any]) -> Any:
    """Do it, and fail if it took longer than the provider promises (seconds)."""
    began = time.monotonic()
    try:
        return act()
    finally:
        took = time.monotonic() - began
        assert took <= limit, f"{what} took {took:.1f} s; the limit is {limit:g} s"


def observe(resource: Resource, mark: Mark = MARK) -> Sighting:
    its: Provider[Any] = provider(resource.kind())
    seen: dict[str, Sighting] = within(
        its.limit("observe"), "observe", lambda: its.observe([resource], mark)
    )
    return seen[resource.name]


def look(resource: Resource, mark: Mark = MARK) -> tuple[bool, bool, str]:
    seen = observe(resource, mark)
    return seen.present, seen.ours, seen.drift


def create(resource: Resource) -> None:
    its: Provider[Any] = provider(resource.kind())
    within(its.limit("create"), "create", lambda: its.create(resource, MARK, lambda _: None))


def make(resource: Resource) -> None:
    """Create it, and wait until it is as far as provisioning waits for."""
    its: Provider[Any] = provider(resource.kind())
    create(resource)
    deadline = time.monotonic() + its.limit("ready")
    while not its.reached(resource, resource.final_stage()):
        assert time.monotonic() < deadline, f"{resource.key} was never ready"
        time.sleep(0.02)


def destroy(resource: Resource, mark: Mark = MARK) -> None:
    its: Provider[Any] = provider(resource.kind())
    within(its.limit("destroy"), "destroy", lambda: its.destroy(resource.name, mark))


class Walk:
    """One case under way; `clean` is the bench before the resource was made."""

    def __init__(self, case: Case, surroundings: Surroundings) -> None:
        self.case = case
        self.wanted = case.resource
        self.its: Provider[Any] = provider(case.resource.kind())
        self.surroundings = surroundings
        self.clean = surroundings.now()

    def plan(self) -> Plan:
        resources = (*self.case.needs, self.wanted)
        return make_plan(resources, {one.key: observe(one) for one in resources})

    def owned(self) -> set[Owned]:
        """What of this kind bears a mark, without what the case needed first."""
        needed = {Owned(one.key, MARK.session) for one in self.case.needs}
        return set(self.its.owned()) - needed


def is_absent_at_first(walk: Walk) -> None:
    assert look(walk.wanted) == ABSENT
    assert not holds(walk.case.shown)
    (action,) = walk.plan().changes
    assert (action.key, action.act) == (walk.wanted.key, "create")


def destroying_nothing_is_no_error(walk: Walk) -> None:
    destroy(walk.wanted)
    walk.surroundings.expect(walk.clean)


def is_there_as_wanted_once_made(walk: Walk) -> None:
    make(walk.wanted)
    found = look(walk.wanted)
    assert found == AS_WANTED, found
    assert walk.plan().empty, walk.plan().changes


def is_seen_from_outside(walk: Walk) -> None:
    sh(walk.case.shown)


def shows_as_its_own_kind_only(walk: Walk) -> None:
    """What a daemon makes besides, such as links and firewall rules, is nobody's doing."""
    if FAMILIES[walk.its.family].daemon:
        own = {kind for kind, family in REMOVAL_ORDER if family.name == walk.its.family}
        added = walk.surroundings.now().keys() - walk.clean.keys()
        assert [key for key in added if key.partition("/")[0] not in own] == []


def making_again_adds_nothing(walk: Walk) -> None:
    whole = walk.surroundings.now()
    assert walk.surroundings.now() == whole, "the inventory changes by itself"
    make(walk.wanted)
    assert look(walk.wanted) == AS_WANTED
    walk.surroundings.expect(whole, identical=walk.its.family == "netlink")


def bears_our_mark(walk: Walk) -> None:
    if walk.case.marked:
        assert walk.owned() == {Owned(walk.wanted.key, MARK.session)}


def is_not_another_sessions(walk: Walk) -> None:
    if walk.case.marked:
        assert not look(walk.wanted, OTHER)[1]
        destroy(walk.wanted, OTHER)
        assert look(walk.wanted) == AS_WANTED
        sh(walk.case.shown)


def every_damage_is_seen_and_mended(walk: Walk) -> None:
    for damage in walk.case.damages:
        before = walk.surroundings.now()
        sh(damage.command)
        present, ours, drift = look(walk.wanted)
        print(f"  {damage.command.split(';')[0]}: {drift or 'gone'}")
        if damage.leaves == "gone":
            assert not present, damage
        else:
            assert present, damage
            assert drift, damage
            assert ours is (damage.leaves == "changed"), damage
        assert not walk.plan().empty, damage
        listed = walk.surroundings.now() != before
        assert listed is damage.listed, f"in the inventory: {listed}, {damage}"
        if damage.clear:
            sh(damage.clear)
        destroy(walk.wanted)
        make(walk.wanted)
        assert look(walk.wanted) == AS_WANTED, damage
        sh(walk.case.shown)


def is_gone_once_destroyed(walk: Walk) -> None:
    destroy(walk.wanted)
    assert look(walk.wanted) == ABSENT
    assert not holds(walk.case.shown)
    destroy(walk.wanted)
    assert walk.wanted.key not in {one.key for one in walk.its.owned()}


def leaves_nothing_behind(walk: Walk) -> None:
    walk.surroundings.expect(walk.clean)


def a_strangers_is_not_touched(walk: Walk) -> None:
    if not walk.case.foreign:
        return
    sh(walk.case.foreign)
    before = walk.surroundings.now()
    assert look(walk.wanted)[:2] == (True, False)
    refusal = None
    try:
        create(walk.wanted)
    except ProviderError as error:
        refusal = error
        print(f"  {error.message} | {error.hint}")
    assert refusal is not None, "it took what is not ours"
    assert refusal.hint
    destroy(walk.wanted)
    assert walk.owned() == set()
    walk.surroundings.expect(before)
    sh(walk.case.theirs)


OBLIGATIONS: Final[tuple[Callable[[Walk], None], ...]] = (
    is_absent_at_first,
    destroying_nothing_is_no_error,
    is_there_as_wanted_once_made,
    is_seen_from_outside,
    shows_as_its_own_kind_only,
    making_again_adds_nothing,
    bears_our_mark,
    is_not_another_sessions,
    every_damage_is_seen_and_mended,
    is_gone_once_destroyed,
    leaves_nothing_behind,
    a_strangers_is_not_touched,
)


def main(name: str) -> None:
    """Hold every obligation against the case of this name, and leave the bench as it was."""
    case = next(case for case in CASES if case.name == name)
    families = (provider(case.resource.kind()).family, case.daemon)
    surroundings = Surroundings(*filter(None, families))
    start = surroundings.now()
    try:
        if case.before:
            sh(case.before)
        for resource in case.needs:
            make(resource)
        walk = Walk(case, surroundings)
        for obligation in OBLIGATIONS:
            began = time.monotonic()
            try:
                obligation(walk)
            except BaseException:
                print(f"{name}: not kept: {obligation.__name__}")
                raise
            print(f"{obligation.__name__}: {time.monotonic() - began:.2f} s")
    finally:
        surroundings.restore(start)


if __name__ == "__main__":
    main(sys.argv[1])
