"""Make and destroy resources as the agent does: plan, ledger, providers, readiness."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lab_engine.agent.ledger import Ledger
from lab_engine.agent.pools import Pools
from lab_engine.agent.provision import Provisioning
from lab_engine.agent.teardown import destroy_all, teardown
from lab_engine.common.resource import Resource
from lab_engine.families.provider import Mark

MARK = Mark("benchmark")


def up_and_down(
    resources: Sequence[Resource],
    standing: Sequence[Resource] = (),
    at_top: Callable[[], None] = lambda: None,
) -> tuple[float, float]:
    """Seconds to make all of them and wait until they are ready, and to destroy them again.

    `standing` is made before and destroyed after, untimed; so is what is done while all are there.
    """
    return asyncio.run(_up_and_down(resources, standing, at_top))


async def _up_and_down(
    resources: Sequence[Resource], standing: Sequence[Resource], at_top: Callable[[], None]
) -> tuple[float, float]:
    def silent(_: object) -> None:
        return

    with tempfile.TemporaryDirectory(dir="/var/lib/infralab") as folder:
        ledger, families = Ledger(Path(folder) / "ledger.jsonl"), Pools()
        try:
            await Provisioning(standing, MARK, ledger, families, silent).run()
            there = set(ledger.standing)
            began = time.perf_counter()
            await Provisioning([*standing, *resources], MARK, ledger, families, silent).run()
            made = time.perf_counter()
            at_top()
            mine = [key for key in reversed(ledger.standing) if key not in there]
            begins = time.perf_counter()
            left = await destroy_all(mine, MARK, ledger, families, silent)
            gone = time.perf_counter()
            if left:
                raise RuntimeError(f"left behind: {left}")
            await teardown(MARK, ledger, families, silent)
            return made - began, gone - begins
        finally:
            families.close()
            ledger.close()
