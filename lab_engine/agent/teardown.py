"""Destroy what was made, in reverse (agent side), and finish what a crash left half-done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from lab_engine.agent.ledger import Ledger
from lab_engine.agent.pools import Pools
from lab_engine.agent.providers import provider
from lab_engine.errors import InfralabError, TeardownError
from lab_engine.families.provider import Mark


async def destroy_one(key: str, mark: Mark, ledger: Ledger, pools: Pools) -> None:
    """Destroy one resource by key, recorded before and after. Absent is not an error."""
    kind, _, name = key.partition("/")
    its = provider(kind)
    ledger.write("destroy", "intend", key, mark.session)
    await pools.run(its.family, its.limit("destroy"), f"removing {key}", its.destroy, name, mark)
    ledger.write("destroy", "done", key, mark.session)


async def destroy_all(
    keys: Sequence[str],
    mark: Mark,
    ledger: Ledger,
    pools: Pools,
    tell: Callable[[str], None],
) -> dict[str, str]:
    """Destroy resources side by side, each once what stands on it is gone.

    Goes on when one cannot be destroyed; what that one needs is then left too. Returns what is
    left, each with the reason.
    """
    users: dict[str, list[str]] = {key: [] for key in keys}
    for key in keys:
        for need in ledger.needs(key):
            if need in users:
                users[need].append(key)
    gone = {key: asyncio.Event() for key in keys}
    left: dict[str, str] = {}

    async def one(key: str) -> None:
        for user in users[key]:
            await gone[user].wait()
        # Taking away what it stands on would leave two broken things instead of one.
        if stuck := [user for user in users[key] if user in left]:
            left[key] = f"{', '.join(stuck)} still needs it"
        else:
            try:
                await destroy_one(key, mark, ledger, pools)
                tell(key)
            except InfralabError as error:
                left[key] = error.message
        gone[key].set()

    await asyncio.gather(*(one(key) for key in keys))
    return left


async def teardown(
    mark: Mark, ledger: Ledger, pools: Pools, tell: Callable[[str], None]
) -> tuple[str, ...]:
    """Destroy all that stands or is pending, in the reverse of its order.

    Raises TeardownError that lists what is left.
    """
    keys = [*ledger.standing, *(key for key in ledger.pending if key not in ledger.standing)]
    keys.reverse()
    left = await destroy_all(keys, mark, ledger, pools, tell)
    if left:
        told = "; ".join(f"{key} ({why})" for key, why in left.items())
        raise TeardownError(
            f"could not remove {told}",
            hint="`infralab down` removes the whole bench, and these with it.",
        )
    ledger.compact()
    return tuple(keys)


async def recover(mark: Mark, ledger: Ledger, pools: Pools) -> tuple[str, ...]:
    """Undo creations and finish removals that a killed agent left half-done.

    What is undone is made again by the client's next plan. Raises TeardownError for what resists.
    """
    # Last begun, first undone: what was begun later may stand on what was begun before.
    acts = dict(reversed(ledger.pending.items()))
    left = await destroy_all(list(acts), mark, ledger, pools, lambda _: None)
    if left:
        told = "; ".join(f"{key} ({why})" for key, why in left.items())
        raise TeardownError(f"could not be undone after a crash: {told}")
    return tuple(
        f"{key}: {'undone' if act == 'create' else 'removal finished'}" for key, act in acts.items()
    )
