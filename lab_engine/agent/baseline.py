"""The bench as it was at a moment, and the way back to it (agent side).

A baseline is an inventory - every container, network, volume, image, domain, namespace, link,
rule, mount, process and watched file, each with a fingerprint - and a copy of the watched files. It
serves three ends: frame conditions ("what the step did not name is unchanged"), reset, and cheap
proofs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from lab_engine.agent import daemons
from lab_engine.agent.pools import Pools
from lab_engine.common import replacing
from lab_engine.errors import AgentError
from lab_engine.families.family import Copies, Family, Inventory, Mender, Removal, Spare
from lab_engine.families.registry import FAMILIES
from lab_engine.protocol import Difference

REMOVAL_ORDER: Final[tuple[tuple[str, Family], ...]] = tuple(
    (kind, family)
    for stage in Removal
    for family in FAMILIES.values()
    for kind, its in family.removal.items()
    if its is stage
)
"""Kinds in the order in which they are removed, with the family that removes them."""

PRISTINE = "pristine"
STEP = "step"
"""The baselines that every session has, as the client calls them."""
RESTORED_BY_COPY: Final = ("file", "sysctl")
"""Kinds that are put back from a copy, rather than taken away."""
LIMIT = 60.0


async def inventory(pools: Pools) -> dict[str, str]:
    """Everything in the bench, key to fingerprint. Daemons that do not run have nothing."""

    async def part(family: Family) -> dict[str, str]:
        if not family.inventory or not daemons.usable(family):
            return {}
        its: Inventory = family.part(family.inventory)
        return await pools.run(family.name, LIMIT, f"the inventory of {family.name}", its.entries)

    everything: dict[str, str] = {}
    for found in await asyncio.gather(*(part(family) for family in FAMILIES.values())):
        everything.update(found)
    return everything


def difference(before: dict[str, str], now: dict[str, str]) -> Difference:
    return Difference(
        added=tuple(sorted(now.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - now.keys())),
        changed=tuple(sorted(k for k in before.keys() & now.keys() if before[k] != now[k])),
    )


def outward(entries: dict[str, str]) -> dict[str, str]:
    """The first line of each fingerprint: what can be told from outside.

    Further lines hold what an undo must mend too but nobody is blamed for, such as when a container
    was last started.
    """
    return {key: value.partition("\n")[0] for key, value in entries.items()}


class Baselines:
    """The named baselines of this bench, kept on its own volume."""

    def __init__(self, folder: Path, pools: Pools) -> None:
        self._folder = folder
        self._pools = pools

    def _copies(self) -> Iterator[tuple[Family, Copies]]:
        for family in FAMILIES.values():
            if family.copies:
                yield family, family.part(family.copies)

    def _files(self, name: str, family: Family) -> Path:
        return self._folder / f"{name}.{family.name}"

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in self._folder.glob("*.json")))

    def forget(self, name: str) -> None:
        """It does not describe the bench any more. Unknown is no error."""
        self._path(name).unlink(missing_ok=True)

    def _load(self, name: str) -> dict[str, str]:
        try:
            return msgspec.json.decode(self._path(name).read_bytes(), type=dict[str, str])
        except FileNotFoundError:
            raise AgentError(
                f"the bench has no baseline called {name!r}",
                hint="Start the step again: `infralab up LESSON STEP`.",
            ) from None

    async def take(self, name: str) -> int:
        """Remember the bench as it is. Returns how many things there are."""
        now = await inventory(self._pools)
        for family, copies in self._copies():
            await self._pools.run(
                family.name,
                LIMIT,
                "copying what can be brought back",
                copies.snapshot,
                self._files(name, family),
            )
        self._save(name, now)
        return len(now)

    def _save(self, name: str, entries: dict[str, str]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        replacing.write(self._path(name), msgspec.json.encode(entries))

    async def compare(self, name: str) -> Difference:
        """What is different as seen from outside; see `outward`."""
        now = await inventory(self._pools)
        return difference(outward(self._load(name)), outward(now))

    async def put_away(self, name: str) -> list[str]:
        """Keep the learner's files of the step; see `Copies.put_away`."""
        kept: list[str] = []
        for family, copies in self._copies():
            kept += await self._pools.run(
                family.name,
                LIMIT,
                "keeping your files",
                copies.put_away,
                self._files(PRISTINE, family),
                self._files(STEP, family),
                name,
            )
        return kept

    async def at_stake(self, ours: Sequence[str]) -> Difference:
        """What a change of step would take: what the learner made, and changed of the step's.

        `ours` are the keys of the step's resources. Files are not among it: they are kept.
        """
        now = await inventory(self._pools)
        names = self.names()
        made: set[str] = set()
        changed: set[str] = set()
        if PRISTINE in names:
            # Of earlier steps, too, but for what has other names in an inventory than in a plan.
            found = difference(self._load(PRISTINE), now)
            made |= {key for key in found.added if key not in ours and _is_kept_by_daemon(key)}
        if STEP in names:
            found = difference(self._load(STEP), now)
            made |= {key for key in found.added if key not in ours}
            changed |= {key for key in found.changed if _is_kept_by_daemon(key)}
        return Difference(
            added=tuple(sorted(key for key in made if not _is_copied(key))),
            changed=tuple(sorted(changed - made)),
        )

    async def clear(self, name: str, resources: Sequence[str], *, spare: bool = False) -> None:
        """Remove what is not in the baseline and what of `resources` was changed.

        The resources are then absent, so that a plan makes them again; watched files are put back.
        With `spare` the learner's own files in the home folder stay as they are.
        """
        before = self._load(name)
        # A removal can uncover something, such as the mount below another. Three rounds, since what
        # comes back for ever would keep a learner waiting for ever; `accept` tells of it.
        for _ in range(3):
            found = difference(before, await inventory(self._pools))
            doomed = set(found.added) | {
                key for key in found.changed if key in resources or not _is_copied(key)
            }
            if spare:
                doomed = {key for key in doomed if not _is_copied(key)}
            for kind, family in REMOVAL_ORDER:
                for key in sorted(k for k in doomed if k.partition("/")[0] == kind):
                    # Changed, not added: its copy is put back below.
                    if kind in RESTORED_BY_COPY and key in before:
                        continue
                    if not await self._mended(family, kind, key, before):
                        its: Inventory = family.part(family.inventory)
                        what = f"removing {key}"
                        await self._pools.run(family.name, LIMIT, what, its.remove, key)
            if not any(not _is_copied(key) for key in doomed):
                break
        await self._restore(name, "own" if spare else "nothing")

    async def put_back(self, name: str) -> None:
        """The system's files and settings as they were, and nothing else; see `PutBack`."""
        self._load(name)
        await self._restore(name, "home")

    async def _restore(self, name: str, spare: Spare) -> None:
        for family, copies in self._copies():
            await self._pools.run(
                family.name,
                LIMIT,
                "putting back what was copied",
                copies.restore,
                self._files(name, family),
                spare,
            )

    async def _mended(self, family: Family, kind: str, key: str, before: dict[str, str]) -> bool:
        """Whether a thing was brought back as it was, so that it need not go."""
        if kind not in family.mended or key not in before:
            return False
        its: Mender = family.part(family.inventory)
        what = f"bringing back {key}"
        return await self._pools.run(family.name, LIMIT, what, its.mend, key, before[key])

    async def accept(self, name: str, resources: Sequence[str]) -> Difference:
        """After a rebuild: take the new fingerprints of `resources`; the rest must be as before.

        What stands within one of the resources (`Family.within`) is one of them.
        """
        before = self._load(name)
        now = await inventory(self._pools)
        kinds = {key.partition("/")[0] for key in resources}
        # What somebody changed of it was taken away, so what is there now the plan has made.
        within = {
            kind
            for family in FAMILIES.values()
            for kind, resource in family.within.items()
            if resource in kinds
        }
        for key in before.keys() & now.keys():
            if key in resources or key.partition("/")[0] in within:
                before[key] = now[key]
        self._save(name, before)
        return difference(before, now)


def _is_copied(key: str) -> bool:
    return key.partition("/")[0] in RESTORED_BY_COPY


def _is_kept_by_daemon(key: str) -> bool:
    """Whether it is a container, a VM or the like, which hold work of their own."""
    kind = key.partition("/")[0]
    return any(kind in family.removal for family in FAMILIES.values() if family.daemon)
