"""What the agent does for each request."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from lab_engine import protocol as p
from lab_engine.agent import daemons
from lab_engine.agent.baseline import Baselines
from lab_engine.agent.genuine import require_genuine
from lab_engine.agent.ledger import Ledger
from lab_engine.agent.pools import Pools
from lab_engine.agent.providers import provider
from lab_engine.agent.provision import Provisioning, plan_for
from lab_engine.agent.readers import reader
from lab_engine.agent.teardown import recover, teardown
from lab_engine.common.probe import Probe
from lab_engine.common.resource import Resource
from lab_engine.errors import DaemonDown, InfralabError, LeaseTaken
from lab_engine.families.provider import Mark
from lab_engine.families.registry import FAMILIES, KINDS

log = logging.getLogger(__name__)

Tell = Callable[[p.AnyNotice], None]

PROBE_LIMIT = 30.0
CHANGES = (p.StartDaemons, p.Provision, p.Teardown, p.TakeBaseline, p.Undo, p.Sweep)
"""Requests that change the bench: only the lease holder may make them, one at a time."""


class Duties:
    """Holds the ledger, the threads and the baselines; knows nothing of sockets."""

    def __init__(self, session: str, state: Path) -> None:
        self.mark = Mark(session)
        self.ledger = Ledger(state / "ledger.jsonl")
        self.pools = Pools()
        self.baselines = Baselines(state / "baselines", self.pools)
        self.recovered: tuple[str, ...] = ()
        self._changing = asyncio.Lock()

    async def recover(self) -> None:
        """After a crash: finish or undo what the ledger shows as half-done."""
        # A thing can be removed only while its daemon runs.
        if self.ledger.pending:
            await self._need_daemons(
                provider(key.partition("/")[0]).family for key in self.ledger.pending
            )
            self.recovered = await recover(self.mark, self.ledger, self.pools)

    async def _need_daemons(self, families: Any, tell: Tell = lambda _: None) -> None:
        wanted = {family for family in families if FAMILIES[family].daemon}
        await asyncio.gather(
            *(
                daemons.start(daemon, lambda d, phase: tell(p.DaemonNotice(d, phase)))  # type: ignore[arg-type]
                for daemon in sorted(wanted)
            )
        )

    async def do(self, request: p.AnyRequest, tell: Tell, *, lease: bool) -> object:
        """Run one request. Raises InfralabError; a cancellation undoes what was begun."""
        if isinstance(request, CHANGES):
            if not lease:
                raise LeaseTaken(
                    "a client that only looks on cannot change the bench",
                    hint="Take the session over: `--take-over`.",
                )
            # One at a time: each plan starts from what the one before has left.
            async with self._changing:
                return await self._change(request, tell)
        match request:
            case p.Ask(probes=probes):
                return await asyncio.gather(*(self._ask(probe) for probe in probes))
            case p.ShowPlan(resources=resources):
                await self._need_daemons((provider(r.kind()).family for r in resources), tell)
                return await plan_for(resources, self.mark, self.pools)
            case p.Compare(name=name):
                return await self.baselines.compare(name)
            case p.Owned():
                return await self._owned()
            case p.Status():
                return p.StatusReport(
                    self.mark.session,
                    daemons.state(),
                    tuple(self.ledger.standing),
                    os.getpid(),
                )
        raise InfralabError(f"the agent does not know the request {type(request).__name__}")

    async def _change(self, request: p.AnyRequest, tell: Tell) -> object:
        match request:
            case p.StartDaemons(daemons=wanted):
                await self._need_daemons(wanted, tell)
                return daemons.state()
            case p.Provision(resources=resources):
                return await self._provision(resources, tell)
            case p.Teardown():
                await self._need_daemons(
                    provider(key.partition("/")[0]).family for key in self.ledger.standing
                )
                return await teardown(
                    self.mark,
                    self.ledger,
                    self.pools,
                    lambda key: tell(p.ActionNotice(key, "destroy", "done")),
                )
            case p.TakeBaseline(name=name):
                return await self.baselines.take(name)
            case p.Sweep(marks=marks):
                return await self._sweep(marks)
            case p.Undo(name=name, resources=resources):
                return await self._undo(name, resources, tell)
        raise InfralabError(f"the agent does not know the request {type(request).__name__}")

    async def _provision(self, resources: tuple[Resource, ...], tell: Tell) -> object:
        await self._need_daemons((provider(r.kind()).family for r in resources), tell)
        began = asyncio.get_running_loop().time()
        run = Provisioning(resources, self.mark, self.ledger, self.pools, tell)
        plan = await run.run()
        return p.ProvisionReport(plan, asyncio.get_running_loop().time() - began)

    async def _undo(self, name: str, resources: tuple[Resource, ...], tell: Tell) -> object:
        keys = [resource.key for resource in resources]
        await self._need_daemons((provider(r.kind()).family for r in resources), tell)
        await self.baselines.clear(name, keys)
        if resources:
            await self._provision(resources, tell)
        return await self.baselines.accept(name, keys)

    async def _ask(self, probe: Probe[Any]) -> p.Answer:
        its = type(probe)
        try:
            family, answer = reader(its)

            def asked() -> msgspec.Struct:
                require_genuine(FAMILIES[family])
                return answer(probe)

            reading = await self.pools.run(family, PROBE_LIMIT, f"the probe {probe.name()}", asked)
        except InfralabError as error:
            return p.Answer(problem=error.message, hint=error.hint)
        except Exception as error:
            log.exception("the probe %s broke", probe)
            return p.Answer(
                problem=f"the probe {probe.name()} broke: {type(error).__name__}: {error}",
                hint="This is a fault of infralab, not yours. Please report it.",
            )
        return p.Answer(msgspec.Raw(msgspec.json.encode(reading)))

    async def _owned(self) -> p.OwnedReport:
        marked: dict[str, list[str]] = {}
        for kind in KINDS:
            its = provider(kind)
            if not daemons.usable(FAMILIES[its.family]):
                continue
            try:
                found = await self.pools.run(
                    its.family,
                    its.limit("observe"),
                    f"looking for {kind}",
                    lambda p=its: list(p.owned()),
                )
            except DaemonDown:
                continue
            for owned in found:
                marked.setdefault(owned.session, []).append(owned.key)
        return p.OwnedReport(
            {session: tuple(keys) for session, keys in marked.items()},
            tuple(self.ledger.standing),
        )

    async def _sweep(self, marks: tuple[tuple[str, str], ...]) -> list[str]:
        for session, key in marks:
            kind, _, name = key.partition("/")
            its = provider(kind)
            await self.pools.run(
                its.family,
                its.limit("destroy"),
                f"removing {key}",
                its.destroy,
                name,
                Mark(session),
            )
        return [key for _, key in marks]

    def close(self) -> None:
        self.pools.close()
        self.ledger.close()
