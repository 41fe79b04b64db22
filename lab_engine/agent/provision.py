"""Run a plan (agent side): ledger first, independent resources in parallel, all or nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lab_engine.agent.ledger import Ledger
from lab_engine.agent.pools import Pools
from lab_engine.agent.providers import provider
from lab_engine.agent.teardown import destroy_all, destroy_one
from lab_engine.common.patience import patient
from lab_engine.common.plan import Plan, make_plan, ordered
from lab_engine.common.resource import Resource, Stage
from lab_engine.common.sighting import Sighting
from lab_engine.errors import InfralabError, PlanError, ProviderError, ProvisionTimeout
from lab_engine.families.provider import Mark
from lab_engine.families.subnets import clashes
from lab_engine.protocol import ActionNotice

Tell = Callable[[ActionNotice], None]

STAGES: tuple[Stage, ...] = ("created", "running", "answers")
POLL_SECONDS = 0.05


async def observe(resources: Sequence[Resource], mark: Mark, pools: Pools) -> dict[str, Sighting]:
    """What is there of the wanted resources, by key. One call a kind, kinds in parallel."""
    kinds: dict[str, list[Resource]] = {}
    for resource in resources:
        kinds.setdefault(resource.kind(), []).append(resource)

    async def of_kind(kind: str, wanted: list[Resource]) -> dict[str, Sighting]:
        its = provider(kind)
        seen = await pools.run(
            its.family, its.limit("observe"), f"looking at {kind}", its.observe, wanted, mark
        )
        return {resource.key: seen[resource.name] for resource in wanted}

    found: dict[str, Sighting] = {}
    for part in await asyncio.gather(*(of_kind(kind, wanted) for kind, wanted in kinds.items())):
        found.update(part)
    return found


async def plan_for(resources: Sequence[Resource], mark: Mark, pools: Pools) -> Plan:
    """Raises PlanError for references that do not hold and for subnets that clash."""
    in_order = ordered(resources)
    if problems := clashes(in_order):
        raise PlanError("; ".join(problems), hint="Give each network a subnet of its own.")
    return make_plan(in_order, await observe(in_order, mark, pools))


@dataclass
class Provisioning:
    """One run of a plan. `made` is what this run created, in order, for the undo.

    With `only` nothing but what is missing of these keys is made; what else is there, or is not, is
    left as it is.
    """

    resources: Sequence[Resource]
    mark: Mark
    ledger: Ledger
    pools: Pools
    tell: Tell
    made: list[str] = field(default_factory=list)
    only: frozenset[str] | None = None

    async def run(self) -> Plan:
        """Make all that the plan says and wait until each resource is ready.

        On a failure or a cancellation everything that this run made is destroyed again, in
        reverse. Raises the first failure, with what was undone in its message.
        """
        plan = await plan_for(self.resources, self.mark, self.pools)
        acts = {action.key: action for action in plan.actions}
        reached: dict[tuple[str, Stage], asyncio.Event] = {
            (resource.key, stage): asyncio.Event()
            for resource in self.resources
            for stage in STAGES
        }
        awaited: dict[str, set[Stage]] = {r.key: {r.final_stage()} for r in self.resources}
        for resource in self.resources:
            for need in resource.needs():
                awaited[need.key].add(need.stage)

        async def one(resource: Resource) -> None:
            if self.only is not None and resource.key not in self.only:
                for stage in STAGES:
                    reached[resource.key, stage].set()
                return
            for need in resource.needs():
                await reached[need.key, need.stage].wait()
            action = acts[resource.key]
            if action.act != "keep":
                await self._make(resource, action.act == "replace", action.reason)
            reached[resource.key, "created"].set()
            for stage in STAGES[1:]:
                if any(STAGES.index(s) >= STAGES.index(stage) for s in awaited[resource.key]):
                    await self.wait(resource, stage)
                    reached[resource.key, stage].set()

        try:
            async with asyncio.TaskGroup() as group:
                for resource in self.resources:
                    group.create_task(one(resource))
        except BaseExceptionGroup as group_error:
            await self._undo()
            raise _first(group_error) from group_error
        except asyncio.CancelledError:
            # A second cancellation must not end the undo half-way.
            await asyncio.shield(self._undo())
            raise
        return plan

    async def _make(self, resource: Resource, replace: bool, reason: str) -> None:
        its = provider(resource.kind())
        began = time.monotonic()
        act = "replace" if replace else "create"

        def tell(phase: str, text: str = "") -> None:
            self.tell(
                ActionNotice(
                    resource.key,
                    act,  # type: ignore[arg-type]
                    phase,  # type: ignore[arg-type]
                    text,
                    time.monotonic() - began,
                )
            )

        loop = asyncio.get_running_loop()
        tell("started", reason)
        if replace and not its.in_place:
            await destroy_one(resource.key, self.mark, self.ledger, self.pools)
        needs = tuple(need.key for need in resource.needs())
        # Before the act: whatever a kill -9 leaves of it from here on, `recover` finds this line.
        self.ledger.write("create", "intend", resource.key, self.mark.session, needs)
        # Before it is made, so that what was half made is undone too.
        self.made.append(resource.key)
        try:
            await self.pools.run(
                its.family,
                its.limit("create"),
                f"making {resource.key}",
                its.create,
                resource,
                self.mark,
                # A provider speaks from a thread of its pool; notices are sent from the loop.
                lambda text: loop.call_soon_threadsafe(tell, "said", text),
            )
        except InfralabError as error:
            tell("failed", error.message)
            if isinstance(error, ProviderError) and not error.resource:
                error.resource = resource.key
            raise
        self.ledger.write("create", "done", resource.key, self.mark.session)
        tell("done")

    async def wait(self, resource: Resource, stage: Stage) -> None:
        """Return when the stage is reached. Raises ProvisionTimeout or ProviderError."""
        its = provider(resource.kind())
        limit = its.limit("ready")
        deadline = time.monotonic() + patient(limit)
        while not await self.pools.run(
            its.family, limit, f"waiting for {resource.key}", its.reached, resource, stage
        ):
            if time.monotonic() > deadline:
                raise ProvisionTimeout(
                    f"was made, but did not reach {stage!r} in {limit:g} s",
                    resource=resource.key,
                    hint="Try again; `infralab doctor` says whether this machine is very slow.",
                )
            await asyncio.sleep(POLL_SECONDS)

    async def _undo(self) -> None:
        left = await destroy_all(
            list(reversed(self.made)),
            self.mark,
            self.ledger,
            self.pools,
            lambda key: self.tell(ActionNotice(key, "destroy", "undone")),
        )
        for key, why in left.items():
            self.tell(ActionNotice(key, "destroy", "failed", why))


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure to show: our own errors before others, cancellation before its consequences."""
    flat: list[BaseException] = []

    def walk(error: BaseException) -> None:
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                walk(inner)
        else:
            flat.append(error)

    walk(group)
    return next((e for e in flat if isinstance(e, InfralabError)), flat[0])
