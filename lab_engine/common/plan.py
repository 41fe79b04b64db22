"""Wanted against observed: what must be made, in which order, and why."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from lab_engine.common.resource import Resource
from lab_engine.common.sighting import Sighting
from lab_engine.errors import PlanError

Act = Literal["create", "replace", "keep"]


class Action(msgspec.Struct, frozen=True):
    """What happens to one resource, with the reason a person reads in `infralab plan`."""

    key: str
    act: Act
    reason: str
    needs: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    actions: tuple[Action, ...]

    @property
    def changes(self) -> tuple[Action, ...]:
        return tuple(action for action in self.actions if action.act != "keep")

    @property
    def empty(self) -> bool:
        """Whether everything wanted is there already."""
        return not self.changes


def ordered(resources: Sequence[Resource]) -> list[Resource]:
    """The resources in an order in which each comes after all it needs.

    Raises PlanError for two resources with one key, a need of something that is not there, and a
    circle of needs.
    """
    by_key: dict[str, Resource] = {}
    for resource in resources:
        if resource.key in by_key:
            raise PlanError(
                f"two resources are called {resource.key}",
                hint="Give one of them another name.",
            )
        by_key[resource.key] = resource
    sorter: graphlib.TopologicalSorter[str] = graphlib.TopologicalSorter()
    for resource in resources:
        keys = [need.key for need in resource.needs()]
        for key in keys:
            if key not in by_key:
                raise PlanError(
                    f"{resource.key} refers to {key}, which the step does not declare",
                    hint=f"Declare it; the step has: {', '.join(sorted(by_key)) or 'nothing'}.",
                )
        sorter.add(resource.key, *keys)
    try:
        return [by_key[key] for key in sorter.static_order()]
    except graphlib.CycleError as error:
        # graphlib names what is needed before who needs it (CycleError).
        circle = " -> ".join(reversed(error.args[1]))
        raise PlanError(
            f"resources need each other in a circle: {circle}",
            hint="Remove one of these references.",
        ) from error


def make_plan(resources: Sequence[Resource], sightings: Mapping[str, Sighting]) -> Plan:
    """Compare what is wanted with what was seen; `sightings` is by key."""
    needed_by: dict[str, list[str]] = {}
    for resource in resources:
        for need in resource.needs():
            needed_by.setdefault(need.key, []).append(resource.key)
    actions: list[Action] = []
    replaced: set[str] = set()
    for resource in ordered(resources):
        seen = sightings[resource.key]
        needs = tuple(need.key for need in resource.needs())
        # In this order what is made anew is known before those that need it.
        moved = [key for key in needs if key in replaced]
        act: Act = "keep"
        if not seen.present:
            act, reason = "create", "is not there"
            if users := needed_by.get(resource.key):
                reason += f"; needed by {', '.join(users)}"
        elif not seen.ours:
            act, reason = "replace", "is there, but was not made for this session"
        elif seen.drift:
            act, reason = "replace", seen.drift
        elif moved:
            act, reason = "replace", f"{', '.join(moved)} is made anew"
        else:
            reason = "is there as wanted"
        if act == "replace":
            replaced.add(resource.key)
        actions.append(Action(resource.key, act, reason, needs))
    return Plan(tuple(actions))
