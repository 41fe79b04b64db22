"""The class as rows: which of them, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from lab_engine.grading.gradebook.standing import Standing

FILTERS: Final[dict[str, Callable[[Standing], bool]]] = {
    "all": lambda one: True,
    "look": lambda one: bool(one.look) and one.override is None,
    "missing": lambda one: one.graded is None and one.override is None,
    "reproduced": lambda one: one.state == "reproduced",
    "diverged": lambda one: one.state == "diverged",
    "not-replayable": lambda one: one.state == "not replayable",
    "late": lambda one: bool(one.graded and one.graded.late),
    "overridden": lambda one: one.override is not None,
}
"""What is kept, by the word for it. `look`: a person must look, and nobody has decided yet."""
_NEVER: Final = float("-inf")
_ORDERS: Final[dict[str, Callable[[Standing], Any]]] = {
    "list": lambda one: 0,
    "learner": lambda one: one.learner.casefold(),
    "name": lambda one: one.name.casefold(),
    "points": lambda one: _NEVER if one.earned is None else one.earned,
    "state": lambda one: one.state,
    "received": lambda one: one.graded.received if one.graded else _NEVER,
}
SORTS: Final = tuple(_ORDERS)
"""`list` is the order of the class's list."""


def rows(
    standings: Sequence[Standing],
    *,
    search: str = "",
    only: str = "all",
    sort: str = "list",
    backwards: bool = False,
) -> list[Standing]:
    """Those that have all the words of `search` and pass the filter `only`, in the order `sort`.

    Where two are alike, the order of the list stays.
    """
    words = search.casefold().split()
    keep = FILTERS[only]
    found = [one for one in standings if keep(one) and _has(one, words)]
    if sort == "list":
        return found[::-1] if backwards else found
    return sorted(found, key=_ORDERS[sort], reverse=backwards)


def _has(one: Standing, words: Sequence[str]) -> bool:
    text = f"{one.learner} {one.name} {one.state} {one.look} {' '.join(one.comments)}".casefold()
    return all(word in text for word in words)
