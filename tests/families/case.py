"""What a case of the contract suite is: one resource, and how to see and to damage it.

Adding a kind means one more `Case` in a `cases_*.py`; the obligations are the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lab_engine.common.resource import Resource


@dataclass(frozen=True)
class Damage:
    """A shell command for root that makes a resource other than wanted.

    `leaves` is what the provider must then see: ours but `changed`, nothing (`gone`), or a
    `stranger` in its place, which `clear` takes away. `listed` is False for what the bench's
    inventory leaves out on purpose, as frame conditions do not ask for it.
    """

    command: str
    leaves: Literal["changed", "gone", "stranger"] = "changed"
    clear: str = ""
    listed: bool = True


@dataclass(frozen=True)
class Case:
    """One resource for the obligations to be held against, in a bench.

    Args:
        name: of the case.
        resource: what is wanted.
        shown: a shell command that succeeds exactly while it is there, by other means than the
            provider's own.
        needs: made first, in this order.
        before: a shell command that runs first, for what it needs besides resources.
        damages: each must be seen.
        foreign: a shell command that puts an unmarked thing where ours would go.
        theirs: a shell command that succeeds as long as that thing is untouched.
        marked: False for a kind that cannot bear a mark.
        packs: what the bench needs besides its base image.
        daemon: what must run that is not the family's own.
    """

    name: str
    resource: Resource
    shown: str
    needs: tuple[Resource, ...] = ()
    before: str = ""
    damages: tuple[Damage, ...] = ()
    foreign: str = ""
    theirs: str = ""
    marked: bool = True
    packs: tuple[str, ...] = ()
    daemon: str = ""


def changes(*damages: str | Damage) -> tuple[Damage, ...]:
    """Damages; a plain command leaves ours there, but changed."""
    return tuple(Damage(one) if isinstance(one, str) else one for one in damages)
