"""Destroy what was made, in reverse (agent side), and finish what a crash left half-done."""

from __future__ import annotations

from collections.abc import Callable

from lab_engine.agent.families import Families
from lab_engine.errors import InfralabError, TeardownError
from lab_engine.ledger import Ledger
from lab_engine.providers.base import Mark
from lab_engine.providers.registry import provider


async def destroy_one(key: str, mark: Mark, ledger: Ledger, families: Families) -> None:
    """Destroy one resource by key, recorded before and after. Absent is not an error."""
    kind, _, name = key.partition("/")
    its = provider(kind)
    ledger.write("destroy", "intend", key, mark.session)
    await families.run(its.family, its.limit("destroy"), f"removing {key}", its.destroy, name, mark)
    ledger.write("destroy", "done", key, mark.session)


async def teardown(
    mark: Mark, ledger: Ledger, families: Families, tell: Callable[[str], None]
) -> tuple[str, ...]:
    """Destroy all that stands or is pending, newest first.

    Goes on when one cannot be destroyed. Raises TeardownError that lists what is left.
    """
    removed: list[str] = []
    left: list[str] = []
    for key in reversed(
        [*ledger.standing, *(k for k in ledger.pending if k not in ledger.standing)]
    ):
        try:
            await destroy_one(key, mark, ledger, families)
        except InfralabError as error:
            left.append(f"{key} ({error.message})")
        else:
            removed.append(key)
            tell(key)
    if left:
        raise TeardownError(
            f"could not remove {'; '.join(left)}",
            hint="`infralab down` removes the whole bench, and these with it.",
        )
    ledger.compact()
    return tuple(removed)


async def recover(mark: Mark, ledger: Ledger, families: Families) -> tuple[str, ...]:
    """Undo creations and finish removals that a killed agent left half-done.

    What is undone is made again by the client's next plan.
    """
    mended: list[str] = []
    for key, act in reversed(list(ledger.pending.items())):
        await destroy_one(key, mark, ledger, families)
        mended.append(f"{key}: {'undone' if act == 'create' else 'removal finished'}")
    return tuple(mended)
