"""What the agent does for each request."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from lab_engine import protocol as p
from lab_engine.agent import daemons, journals
from lab_engine.agent.answering import answered
from lab_engine.agent.baseline import STEP, Baselines
from lab_engine.agent.ledger import Ledger
from lab_engine.agent.mending import Mending
from lab_engine.agent.pools import Pools
from lab_engine.agent.providers import provider
from lab_engine.agent.provision import Provisioning, plan_for
from lab_engine.agent.remains import Remains
from lab_engine.agent.teardown import recover, teardown
from lab_engine.common.resource import Resource
from lab_engine.errors import DaemonDown, InfralabError, LeaseTaken
from lab_engine.families.provider import Mark
from lab_engine.families.registry import FAMILIES, KINDS
from lab_engine.kernel import processes

log = logging.getLogger(__name__)

Tell = Callable[[p.AnyNotice], None]

NOTE_SECONDS = 2.0
"""How often it is looked what ends with the bench, while anything is done there."""
QUIET_NOTE_SECONDS = 10.0
"""The same while no program was started: what is there can only become less, or change by hand."""
CHANGES = (
    p.StartDaemons,
    p.Provision,
    p.Teardown,
    p.Mend,
    p.Forget,
    p.PutAway,
    p.PutBack,
    p.TakeBaseline,
    p.Undo,
    p.Sweep,
)
"""Requests that change the bench: only the lease holder may make them, one at a time."""
AT_ONCE = (p.StartDaemons, p.Forget, p.PutAway, p.PutBack)
"""Those that go before what a killed agent left half-done is undone: they may be the way to it."""


class Duties:
    """Holds the ledger, the threads and the baselines; knows nothing of sockets."""

    def __init__(self, session: str, state: Path) -> None:
        self.mark = Mark(session)
        self.ledger = Ledger(state / "ledger.jsonl")
        self.pools = Pools()
        self.baselines = Baselines(state / "baselines", self.pools)
        self.remains = Remains(state, self.ledger, self.pools)
        self._changing = asyncio.Lock()
        self._changed = False
        self._recovering = False
        self._problem = ""

    @property
    def recovery(self) -> p.Recovery:
        """How far it is with what a fault left behind."""
        state: Literal["none", "working", "stuck", "due"] = "none"
        if self._recovering:
            state = "working"
        elif self.ledger.pending and self._problem:
            state = "stuck"
        elif not self.remains.whole:
            state = "due"
        half_made = tuple(self.remains.note.half_made)
        return p.Recovery(state, self.remains.stopped, half_made, self._problem)

    async def recover(self) -> None:
        """At the agent's start: finish or undo what the ledger shows as half-done.

        What does not go now is tried again before the next change; `recovery` has the reason.
        """
        async with self._changing:
            try:
                await self._recover()
            except InfralabError as error:
                log.warning("what was half-done cannot be undone yet: %s", error)

    async def _recover(self) -> None:
        """Raises what stands in the way; the ledger keeps what is still to do."""
        if not self.ledger.pending:
            return
        self._recovering, self._problem = True, ""
        try:
            self.remains.begun(self.ledger.pending)
            # A thing can be removed only while its daemon runs.
            await self._need_daemons(
                provider(key.partition("/")[0]).family for key in self.ledger.pending
            )
            await recover(self.mark, self.ledger, self.pools)
        except InfralabError as error:
            self._problem = error.message
            raise
        finally:
            self._recovering = False

    async def _need_daemons(self, families: Iterable[str], tell: Tell = lambda _: None) -> None:
        """Raises DaemonDown for the first that does not start."""
        for error in (await self._start_daemons(families, tell)).values():
            raise error

    async def _start_daemons(self, families: Iterable[str], tell: Tell) -> dict[str, DaemonDown]:
        """Start those that do not answer, all at once. Returns those that do not start."""
        wanted = sorted({family for family in families if FAMILIES[family].daemon})
        for family in wanted:
            if not daemons.answers(family):
                self.remains.found_dead(family)

        async def start(daemon: str) -> DaemonDown | None:
            try:
                await daemons.start(daemon, lambda d, phase: tell(p.DaemonNotice(d, phase)))  # type: ignore[arg-type]
            except DaemonDown as error:
                return error
            return None

        problems = await asyncio.gather(*map(start, wanted))
        down = {daemon: error for daemon, error in zip(wanted, problems, strict=True) if error}
        for family in wanted:
            if family not in down:
                # The import of a daemon's library blocks for a moment.
                await asyncio.to_thread(journals.keep, FAMILIES[family])
        return down

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
                if not isinstance(request, AT_ONCE):
                    await self._recover()
                try:
                    return await self._change(request, tell)
                finally:
                    # Links and rules are made without a program.
                    self._changed = True
        match request:
            case p.Ask(probes=probes):
                return await asyncio.gather(*(answered(probe, self.pools) for probe in probes))
            case p.ShowPlan(resources=resources):
                await self._need_daemons((provider(r.kind()).family for r in resources), tell)
                return await plan_for(resources, self.mark, self.pools)
            case p.Compare(name=name):
                return await self.baselines.compare(name)
            case p.AtStake():
                return await self.baselines.at_stake(tuple(self.ledger.standing))
            case p.Owned():
                return await self._owned()
            case p.Status():
                return p.StatusReport(
                    self.mark.session,
                    daemons.state(),
                    tuple(self.ledger.standing),
                    os.getpid(),
                    self.recovery,
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
                gone = await teardown(
                    self.mark,
                    self.ledger,
                    self.pools,
                    lambda key: tell(p.ActionNotice(key, "destroy", "done")),
                )
                # Whatever a fault took before belonged to what is now gone on purpose.
                await self.remains.mended()
                return gone
            case p.Mend(daemons=wanted, resources=resources):
                return await self._mend(wanted, resources, tell)
            case p.Forget(name=name):
                self.baselines.forget(name)
                return None
            case p.TakeBaseline(name=name):
                return await self.baselines.take(name)
            case p.Sweep(marks=marks):
                return await self._sweep(marks)
            case p.PutAway(name=name):
                return await self.baselines.put_away(name)
            case p.PutBack(name=name):
                await self.baselines.put_back(name)
                return None
            case p.Undo(name=name, resources=resources, spare=spare):
                return await self._undo(name, resources, tell, spare=spare)
        raise InfralabError(f"the agent does not know the request {type(request).__name__}")

    async def _provision(self, resources: tuple[Resource, ...], tell: Tell) -> object:
        await self._need_daemons((provider(r.kind()).family for r in resources), tell)
        began = asyncio.get_running_loop().time()
        run = Provisioning(resources, self.mark, self.ledger, self.pools, tell)
        plan = await run.run()
        return p.ProvisionReport(plan, asyncio.get_running_loop().time() - began)

    async def _mend(
        self, wanted: tuple[str, ...], resources: tuple[Resource, ...], tell: Tell
    ) -> p.MendReport:
        families = {*wanted, *(provider(r.kind()).family for r in resources)}
        families |= self.remains.took.keys()
        # One that does not start, as after a slip in its settings, must not keep the learner out:
        # they are to mend it, or to reset the step.
        down = await self._start_daemons((f for f in families if f in FAMILIES), tell)
        mending = Mending(
            [r for r in resources if provider(r.kind()).family not in down],
            self.mark,
            self.ledger,
            self.pools,
            self.remains,
            tell,
            {daemon: error.message for daemon, error in down.items()},
        )
        report = await mending.run()
        if report.made and STEP in self.baselines.names():
            # Made anew it has other ids, and is as it was at the step's start all the same.
            await self.baselines.accept(STEP, report.made)
        return report

    async def _undo(
        self, name: str, resources: tuple[Resource, ...], tell: Tell, *, spare: bool
    ) -> object:
        keys = [resource.key for resource in resources]
        await self._need_daemons((provider(r.kind()).family for r in resources), tell)
        await self.baselines.clear(name, keys, spare=spare)
        if resources:
            await self._provision(resources, tell)
        return await self.baselines.accept(name, keys)

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

    async def keep_note(self) -> None:
        """Note what ends with the bench, for whoever comes after a stop."""
        loop = asyncio.get_running_loop()
        noted, newest, own = 0.0, -1, 0
        while True:
            now = processes.newest()
            quiet = now == newest and not self._changed and not self.remains.outlived
            if not quiet or loop.time() - noted > QUIET_NOTE_SECONDS:
                noted, newest, self._changed = loop.time(), now, False
                try:
                    await self.remains.look()
                    # A look starts programs itself (nft, iptables-save): as many as the last one
                    # did, and nobody else has started any. Else each look would ask for the next.
                    begun = processes.newest() - now
                    if begun == own:
                        newest += begun
                    own = begun
                except (InfralabError, OSError) as error:
                    # A pool that is busy, or a full disk, passes: the next note is as good.
                    newest = -1
                    log.warning("what runs in the bench was not noted: %s", error)
            await asyncio.sleep(NOTE_SECONDS)

    def close(self) -> None:
        self.pools.close()
        self.ledger.close()
