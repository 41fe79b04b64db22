"""Runs inside a bench, as an agent that is killed: `killed.py ACT [KEY [POINT [SECONDS]]]`.

`provision` makes the resources up to KEY in the plan's order, `destroy` destroys KEY, `recover` is
the next agent's start, `teardown` destroys all. Each prints what stands, what is pending and what
bears our mark. With POINT the process kills itself (SIGKILL) at that resource's create or destroy
call: `before` it, `during` it (SECONDS later, 0.02 unless told, from another thread), or `after`
it, when the ledger does not know yet that it ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from lab_engine.agent.ledger import Ledger
from lab_engine.agent.pools import Pools
from lab_engine.agent.providers import provider
from lab_engine.agent.provision import Provisioning, plan_for
from lab_engine.agent.teardown import destroy_one, recover, teardown
from lab_engine.common.plan import Plan, ordered
from lab_engine.families.provider import Mark
from lab_engine.families.registry import KINDS
from tests.crash.everything import EVERYTHING

MARK = Mark("crash")
LEDGER = Path("/var/lib/infralab/crash-ledger.jsonl")
DURING_SECONDS = 0.02


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def set_trap(act: str, key: str, point: str, seconds: float) -> None:
    """Kill this process at one call of one provider."""
    kind, _, name = key.partition("/")
    its = provider(kind)
    call = getattr(its, act)

    def trapped(first: Any, *rest: Any) -> None:
        if getattr(first, "name", first) != name:
            call(first, *rest)
            return
        if point == "before":
            die()
        if point == "during":
            threading.Timer(seconds, die).start()
        call(first, *rest)
        die()

    setattr(its, act, trapped)


def marked() -> list[str]:
    return sorted(
        one.key for kind in KINDS for one in provider(kind).owned() if one.session == "crash"
    )


async def main(act: str, key: str) -> None:
    ledger, families = Ledger(LEDGER), Pools()
    in_order = ordered(EVERYTHING)
    if act == "provision":
        last = [resource.key for resource in in_order].index(key)
        part = in_order[: last + 1]
        await Provisioning(part, MARK, ledger, families, lambda _: None).run()
    elif act == "destroy":
        await destroy_one(key, MARK, ledger, families)
    elif act == "teardown":
        await teardown(MARK, ledger, families, lambda _: None)
    elif act == "recover":
        await recover(MARK, ledger, families)
    plan: Plan = await plan_for(EVERYTHING, MARK, families)
    print(
        json.dumps(
            {
                "standing": sorted(ledger.standing),
                "pending": sorted(ledger.pending),
                "marked": await asyncio.to_thread(marked),
                "missing": [action.key for action in plan.changes],
            }
        )
    )
    families.close()


if __name__ == "__main__":
    act, key, point, seconds = (*sys.argv[1:], "", "", "", "")[:4]
    if point:
        call = {"provision": "create", "destroy": "destroy"}[act]
        set_trap(call, key, point, float(seconds or DURING_SECONDS))
    asyncio.run(main(act, key))
