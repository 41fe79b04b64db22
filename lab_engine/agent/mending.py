"""After a fault: have again what can be had, touch nothing that is there (agent side).

Only what the fault itself took is made again: what the learner had removed stays away, and what
they changed stays changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lab_engine.agent import daemons
from lab_engine.agent.ledger import Ledger
from lab_engine.agent.pools import Pools
from lab_engine.agent.provision import Provisioning, plan_for
from lab_engine.agent.remains import Remains, Things
from lab_engine.common.resource import Resource
from lab_engine.errors import InfralabError
from lab_engine.families.family import Family, Fleeting
from lab_engine.families.provider import Mark
from lab_engine.families.registry import FAMILIES
from lab_engine.protocol import ActionNotice, MendReport

START_LIMIT = 120.0
MOST_NAMED = 40

Tell = Callable[[ActionNotice], None]


@dataclass
class Mending:
    """One run. The daemons are up, but for those in `down`, which has the reason for each."""

    resources: Sequence[Resource]
    mark: Mark
    ledger: Ledger
    pools: Pools
    remains: Remains
    tell: Tell
    down: Mapping[str, str]

    async def run(self) -> MendReport:
        """Raises nothing for what cannot be had again: the report says it, item by item."""
        took = self.remains.took
        left = dict(self.down)
        made = await self._make(self._missing(), left)
        started = await self._start(took, left)
        await self._wait(started, left)
        lost = await self._lost(took, left)
        stopped = self.remains.stopped
        if not left:
            await self.remains.mended()
        return MendReport(
            stopped=stopped,
            made=made,
            started=tuple(started),
            lost=lost,
            left=tuple(f"{key}: {why}" for key, why in left.items()),
        )

    def _missing(self) -> frozenset[str]:
        """The resources that the fault may have taken."""
        note = self.remains.note
        keys = {key for key, act in note.half_made.items() if act == "create"}
        if self.remains.replaced:
            keys |= self.ledger.standing.keys()
        if self.remains.stopped:
            keys |= set(note.ours).union(*self.remains.took.values())
        return frozenset(keys & {resource.key for resource in self.resources})

    async def _make(self, keys: frozenset[str], left: dict[str, str]) -> tuple[str, ...]:
        if not keys:
            return ()
        try:
            plan = await plan_for(self.resources, self.mark, self.pools)
            absent = {action.key for action in plan.actions if action.act == "create"}
            only = set(keys & absent)
            for action in plan.actions:
                gone = [need for need in action.needs if need in absent and need not in only]
                if action.key in only and gone:
                    left[action.key] = f"it needs {', '.join(gone)}, which you removed"
                    only.discard(action.key)
            run = Provisioning(
                self.resources, self.mark, self.ledger, self.pools, self.tell, only=frozenset(only)
            )
            await run.run()
        except InfralabError as error:
            key = str(getattr(error, "resource", "")) or ", ".join(sorted(keys))
            left[key] = error.message.removeprefix(f"{key}: ")
            return ()
        return tuple(sorted(only))

    async def _start(self, took: Things, left: dict[str, str]) -> list[str]:
        ended: dict[str, list[str]] = {}
        # All of them first: the node of a cluster is a container, too, and once the engine has it
        # running nothing says any more that the cluster in it has only just begun.
        for name, things in took.items():
            family = FAMILIES.get(name)
            if family is None or not family.fleeting or not things or name in self.down:
                continue
            if not daemons.usable(family):
                left[name] = "its daemon does not answer"
                continue
            before = await self.remains.there(family, {})
            ended[name] = [key for key in things if key not in before]
        started: list[str] = []
        for name, keys in ended.items():
            left |= await self._again(FAMILIES[name], keys)
            now = await self.remains.there(FAMILIES[name], {})
            started += [key for key in keys if key in now]
        return started

    async def _again(self, family: Family, keys: list[str]) -> dict[str, str]:
        if not keys:
            return {}
        its: Fleeting = family.part(family.fleeting)
        what = f"starting again what ran in {family.name}"
        return await self.pools.run(family.name, START_LIMIT, what, its.again, keys)

    async def _wait(self, started: list[str], left: dict[str, str]) -> None:
        """Until what is the step's own does its work again."""
        run = Provisioning(self.resources, self.mark, self.ledger, self.pools, self.tell)
        for resource in self.resources:
            if resource.key in started:
                try:
                    await run.wait(resource, resource.final_stage())
                except InfralabError as error:
                    left[resource.key] = error.message

    async def _lost(self, took: Things, left: dict[str, str]) -> tuple[str, ...]:
        lost: list[str] = []
        for name, things in took.items():
            if name in self.down:
                continue
            family = FAMILIES.get(name)
            now = await self.remains.there(family, {}) if family else {}
            lost += [words for key, words in things.items() if key not in now and key not in left]
        if self.remains.replaced:
            lost.insert(0, "the files in its home folder and all others outside Docker")
        if len(lost) > MOST_NAMED:
            lost[MOST_NAMED:] = [f"and {len(lost) - MOST_NAMED} more"]
        return tuple(lost)
